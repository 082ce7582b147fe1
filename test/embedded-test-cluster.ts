// An embedded API server of a test file's own, over HTTP, for what is tested against Kubernetes and not of Kubernetes: test/contract holds it to
// the real one. Without controllers and nodes: what they would write, the test writes.
import type { AuditEvent } from "#embedded/audit.ts";
import { createEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { systemClock } from "#lib/system-clock.ts";
import { createUserActions } from "#scenarios/user-actions.ts";
import { clusterAt, type TestCluster, tokenCredentials } from "#test/cluster.ts";

export interface EmbeddedTestCluster extends TestCluster {
  /** Every request that was answered, in order. */
  readonly audit: readonly AuditEvent[];
  /** As `kubectl apply --server-side --force-conflicts`. */
  apply(manifests: readonly object[]): Promise<void>;
  /** Cuts every connection, and listens no more. */
  stop(): Promise<void>;
}

export const openEmbeddedCluster = async (): Promise<EmbeddedTestCluster> => {
  const audit: AuditEvent[] = [];
  const server = createEmbeddedCluster({ clock: systemClock, random: Math.random, audit: (event) => void audit.push(event) });
  const listening = await server.listen();
  const credentials = tokenCredentials(server.adminToken);
  const cluster = clusterAt({ server: listening.url, name: "embedded", namespace: "default", credentials });
  const userActions = createUserActions({ kube: cluster.admin, as: ({ by, groups }) => cluster.asPerson(by, groups) });
  return {
    ...cluster,
    audit,
    apply: (manifests) => userActions.apply(manifests),
    stop: async () => {
      cluster.close();
      await listening.close();
    },
  };
};
