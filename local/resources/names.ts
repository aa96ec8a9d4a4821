import { startGraphSimulator } from '../../simulators/graph/simulator.ts';
import { startProviderSimulator } from '../../simulators/provider/simulator.ts';
import type { CloudMapRegistry } from '../cloud-map/registry.ts';
import type { Providers } from '../lambda/variables.ts';
import type { FunctionLogs } from '../logs.ts';
import { NameProxy } from '../names/proxy.ts';
import type { Assembly } from '../template/assembly.ts';
import type { Keep } from './start-emulators.ts';

export interface NamesOptions {
  assembly: Assembly;
  cloudMap: CloudMapRegistry;
  logs: FunctionLogs;
  /** How long Meta takes to approve names and templates. */
  approvalDelayMs: number;
}

export interface Names {
  /** For the functions: the one proxy, and all hosts that it leads somewhere. */
  providers: Providers;
  graphUrl: string;
  providersUrl: string;
}

/** Starts what plays the providers, and the proxy through which functions reach them and the containers of the fleet. */
export async function startNames(options: NamesOptions, keep: Keep): Promise<Names> {
  const { assembly, cloudMap, logs, approvalDelayMs } = options;
  const providers = keep(await startProviderSimulator({ log: (line) => logs.add('providers', JSON.stringify(line)) }));
  const graph = keep(
    await startGraphSimulator({ approvalDelayMs, log: (line) => logs.add('graph', JSON.stringify(line)) }),
  );
  const namespaces = namespacesOf(assembly);
  const isInFleet = ({ hostname }: URL) => namespaces.some((namespace) => hostname.endsWith(`.${namespace}`));
  const proxy = keep(
    await NameProxy.start((method, url) => {
      if (isInFleet(url)) return { url: cloudMap.resolve(url.hostname), asProxy: false };
      // Sending is the providers' part of graph.facebook.com, and managing numbers is this one's.
      if (url.hostname === 'graph.facebook.com' && graph.answersFor(method, url)) {
        return { url: graph.url, asProxy: true };
      }
      return { url: providers.url, asProxy: true };
    }),
  );
  const hosts = [...providers.hosts, ...namespaces.flatMap((name) => [`*.${name}`, `*.${name}:*`])];
  return { providers: { url: proxy.url, hosts }, graphUrl: graph.url, providersUrl: providers.url };
}

/** The private domains that the stacks will make, known before any function is given its environment. */
function namespacesOf({ stacks }: Assembly): string[] {
  return stacks
    .flatMap(({ template }) => Object.values(template.Resources))
    .filter(({ Type }) => Type === 'AWS::ServiceDiscovery::PrivateDnsNamespace')
    .map(({ Properties }) => Properties['Name'])
    .filter((name) => typeof name === 'string');
}
