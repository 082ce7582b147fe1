// How a routing table keeps its words: its routes are called as the Services they lead to, as the programs behind them call themselves, or as the
// variables that may replace a host. A table whose Services were given other names keeps the latter two. Pure.
import type { Service } from "#api/kubernetes.ts";
import { programWordsOf } from "#diagnosis/program-words.ts";
import { fitOf, type SharedWords, wordsOfNames } from "#diagnosis/route-words.ts";
import type { Route } from "#diagnosis/routing-tables.ts";
import type { View } from "#diagnosis/view.ts";

export interface RouteHabits {
  /** Whether a route leads where it is called; undefined: the table has no habit to judge by. */
  keeps(route: Route): boolean | undefined;
  /** A route is called exactly as this Service or the program behind it. */
  names(route: Route, service: Service): boolean;
}

/** Fewer routes than this make no habit that one could break. */
const routesAtLeast = 4;

type NamesOf = (route: Route) => readonly string[];

export const hostOf = ({ host }: Route): string => host.split(".")[0] ?? "";

export const habitsOf = (view: View, services: readonly Service[], routes: readonly Route[]): RouteHabits => {
  const programs = new Map<string, Set<string>>();
  for (const workload of view.workloads)
    for (const { metadata } of view.servicesOf(workload)) {
      if (!services.some((service) => service.metadata.name === metadata.name && service.metadata.namespace === metadata.namespace))
        continue;
      const known = programs.get(metadata.name) ?? new Set<string>();
      programs.set(metadata.name, known);
      for (const words of programWordsOf(view, workload)) known.add(words);
    }
  const programsOf = (service: string): readonly string[] => [...(programs.get(service) ?? [])];
  const names = wordsOfNames(services.map(({ metadata: { name } }) => name));
  const programNames = wordsOfNames([...programs.values()].flatMap((words) => [...words]));
  const variables = wordsOfNames(routes.flatMap(({ variable }) => variable ?? []));

  const byName: NamesOf = (route) => [hostOf(route)];
  const habits = [
    habitOf(routes, byName, names),
    habitOf(routes, (route) => programsOf(hostOf(route)), programNames),
    habitOf(routes, ({ variable }) => (variable === undefined ? [] : [variable]), variables),
  ];
  return {
    keeps: (route) => {
      if (fits(route, byName(route), names) === true) return true;
      return habits.flatMap((habit) => habit(route) ?? [])[0];
    },
    names: (route, { metadata: { name } }) => fits(route, [name], names) === true || fits(route, programsOf(name), programNames) === true,
  };
};

/** At least three quarters of the routes that can be judged follow a habit. */
const habitOf = (routes: readonly Route[], namesOf: NamesOf, words: SharedWords): ((route: Route) => boolean | undefined) => {
  const judged = routes.flatMap((route) => fits(route, namesOf(route), words) ?? []);
  const kept = judged.filter((fit) => fit).length;
  return judged.length >= routesAtLeast && kept * 4 >= judged.length * 3 ? (route) => fits(route, namesOf(route), words) : () => undefined;
};

const fits = (route: Route, names: readonly string[], words: SharedWords): boolean | undefined =>
  names.length === 0 ? undefined : names.some((name) => fitOf(route, name, words) === 1);
