// Beginnings by which tokens and keys are known wherever they occur. Data only: derived from the rules of gitleaks 8.30.1
// (MIT, see gitleaks.LICENSE), which names each; a few that it does not have come from their makers' documentation.

export interface TokenShape {
  /** The rule of gitleaks. */
  readonly rule: string;
  readonly prefix: string;
  /** How many characters follow at least. Fewer than a whole token has: a log may have cut it. */
  readonly least: number;
}

const table = `
1password-secret-key A3- 26
1password-service-account-token ops_eyJ 40
adobe-client-secret p8e- 24
age-secret-key AGE-SECRET-KEY-1 20
alibaba-access-key-id LTAI 16
anthropic-api-key sk-ant- 16
artifactory-api-key AKCp 40
artifactory-reference-token cmVmd 40
atlassian-api-token ATATT3 16
atlassian-api-token ATCTT3 16
aws-access-token AKIA 12
aws-access-token ASIA 12
aws-access-token ABIA 12
aws-access-token ACCA 12
aws-access-token AIDA 16
aws-access-token AROA 16
aws-amazon-bedrock-api-key-long-lived ABSK 60
aws-amazon-bedrock-api-key-short-lived bedrock-api-key- 20
clickhouse-cloud-api-secret-key 4b1d 38
clojars-api-token CLOJARS_ 30
databricks-api-token dapi 32
digitalocean-access-token doo_v1_ 32
digitalocean-pat dop_v1_ 32
digitalocean-refresh-token dor_v1_ 32
docker-pat dckr_pat_ 16
docker-oat dckr_oat_ 16
doppler-api-token dp.pt. 20
doppler-api-token dp.st. 20
duffel-api-token duffel_ 20
dynatrace-api-token dt0c01. 24
easypost-api-token EZAK 40
easypost-test-api-token EZTK 40
facebook-page-access-token EAAM 60
facebook-page-access-token EAAC 60
flutterwave-secret-key FLWSECK_TEST- 12
flutterwave-secret-key FLWSECK- 12
flyio-access-token fo1_ 30
flyio-access-token fm1r_ 40
flyio-access-token fm2_ 40
frameio-api-token fio-u- 30
gcp-api-key AIza 30
google-oauth ya29. 16
google-oauth GOCSPX- 16
github-app-token ghu_ 20
github-app-token ghs_ 20
github-fine-grained-pat github_pat_ 20
github-oauth gho_ 20
github-pat ghp_ 20
github-refresh-token ghr_ 20
gitlab-cicd-job-token glcbt- 16
gitlab-deploy-token gldt- 16
gitlab-feature-flag-client-token glffct- 16
gitlab-feed-token glft- 16
gitlab-incoming-mail-token glimt- 16
gitlab-kubernetes-agent-token glagent- 16
gitlab-oauth-app-secret gloas- 16
gitlab-pat glpat- 16
gitlab-ptt glptt- 16
gitlab-rrt GR1348941 12
gitlab-runner-authentication-token glrt- 16
gitlab-scim-token glsoat- 16
gitlab-session-cookie _gitlab_session= 16
grafana-cloud-api-token glc_ 24
grafana-service-account-token glsa_ 20
heroku-api-key-v2 HRKU- 30
huggingface-access-token hf_ 20
huggingface-organization-api-token api_org_ 20
infracost-api-token ico- 30
linear-api-key lin_api_ 20
mailgun-private-api-token key-0 30
newrelic NRAK- 12
newrelic NRII- 12
notion-api-token ntn_ 30
notion-api-token secret_ 40
npm-access-token npm_ 24
octopus-deploy-api-key API- 26
openai-api-key sk- 16
openshift-user-token sha256~ 30
perplexity-api-key pplx- 30
planetscale-api-token pscale_tkn_ 20
planetscale-oauth-token pscale_oauth_ 20
planetscale-password pscale_pw_ 20
postman-api-token PMAK- 24
prefect-api-token pnu_ 30
pulumi-api-token pul- 32
pypi-upload-token pypi-AgEI 20
readme-api-token rdme_ 40
rubygems-api-token rubygems_ 32
scalingo-api-token tk-us- 40
sendgrid-api-token SG. 30
sendinblue-api-token xkeysib- 40
sentry-org-token sntrys_ 30
sentry-user-token sntryu_ 40
settlemint-application-access-token sm_aat_ 14
settlemint-personal-access-token sm_pat_ 14
settlemint-service-access-token sm_sat_ 14
shippo-api-token shippo_ 30
shopify-access-token shpat_ 24
shopify-custom-access-token shpca_ 24
shopify-private-app-access-token shppa_ 24
shopify-shared-secret shpss_ 24
slack-app-token xapp- 10
slack-bot-token xoxb- 8
slack-config-access-token xoxe- 8
slack-config-access-token xoxe.xox 8
slack-legacy-token xoxo- 8
slack-legacy-token xoxs- 8
slack-legacy-workspace-token xoxa- 8
slack-legacy-workspace-token xoxr- 8
slack-user-token xoxp- 8
sourcegraph-access-token sgp_ 32
square-access-token sq0atp- 20
square-access-token sq0csp- 20
square-access-token EAAA 40
stripe-access-token sk_live_ 10
stripe-access-token sk_test_ 10
stripe-access-token sk_prod_ 10
stripe-access-token rk_live_ 10
stripe-access-token rk_test_ 10
stripe-access-token rk_prod_ 10
stripe-webhook-secret whsec_ 16
supabase sbp_ 32
supabase sb_secret_ 16
tailscale tskey- 16
twilio-api-key SK 32
vault-batch-token hvb. 20
vault-recovery-token hvr. 20
vault-service-token hvs. 20
`;

export const tokenShapes: readonly TokenShape[] = table
  .trim()
  .split("\n")
  .map((line) => {
    const [rule = "", prefix = "", least = ""] = line.split(" ");
    return { rule, prefix, least: Number(least) };
  });
