// The registry as a process of its own, so that it outlives `testbed up`: registry-main.ts ADDRESS PORT STORE…
import { createRegistry } from "#testbed/registry.ts";

const [address, port, ...stores] = process.argv.slice(2);
createRegistry(stores).listen(Number(port), address);
