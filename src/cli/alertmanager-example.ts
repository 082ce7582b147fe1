// The example of an Alertmanager configuration that sends alerts to Kintsugi. Pure. Pasting it must never stop an existing notification.
import { MANAGED_LABEL, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { autoEnvironments } from "#policy/environment.ts";

/**
 * The routes of before move below a route without matchers: an alert that none of them matches still goes to the receiver of the root route,
 * which a route beside them would take it from. Without a receiver at the root, Alertmanager refuses the example as it is.
 */
export const alertmanagerExample = (namespace: string): string => `# Alertmanager: add these parts to your configuration.
# They change no notification that you get today: every alert goes to Kintsugi and on to your routes.
receivers:
  # Keep your receivers here.
  - name: kintsugi
    webhook_configs:
      - url: http://kintsugi.${namespace}.svc/api/v1/signals/prometheus
        send_resolved: true
        max_alerts: 0
        http_config:
          authorization:
            credentials_file: /etc/alertmanager/kintsugi-token
route:
  # Keep the receiver and the other settings of your root route here.
  routes:
    - receiver: kintsugi
      continue: true
      group_by: [alertname, namespace]
      group_wait: 5s
    - routes: [] # Move your routes here, unchanged.

# The token in credentials_file is that of the ServiceAccount ${SIGNALS_ACCOUNT}, for the audience ${SIGNALS_AUDIENCE}: the API server
# accepts it for nothing else, and Kintsugi accepts no token for another audience.
#   kubectl create token ${SIGNALS_ACCOUNT} -n ${namespace} --audience ${SIGNALS_AUDIENCE} --duration 8760h
# The API server may shorten the duration and does not say so. After the token has expired, alerts no longer reach Kintsugi:
# add -o yaml to see status.expirationTimestamp, and replace the token before that time.

# The token travels as it is over plain HTTP. With kintsugi install --tls-secret <name>, change the URL to
# https://kintsugi.${namespace}.svc/api/v1/signals/prometheus and add to http_config:
#   tls_config: { ca_file: /etc/alertmanager/kintsugi-ca.crt }

# Kintsugi repairs only in a namespace that opts in. Elsewhere it diagnoses and suggests:
#   kubectl label namespace <name> ${MANAGED_LABEL}=true
# Without an approval it repairs only in an environment that is known not to be production: ${autoEnvironments.join(", ")}.
# Every other environment, and a namespace without the label, needs an approval:
#   kubectl label namespace <name> kintsugi.dev/environment=staging
`;
