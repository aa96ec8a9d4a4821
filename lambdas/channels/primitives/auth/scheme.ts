import type { Roots, Scope } from '../../expressions/scope.ts';
import type { MaybePromise } from '../../expressions/settled.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';
import type { HttpRequest } from '../../types.ts';

/** Puts credentials on a request, the given one itself. Roots: `sender`, and `session` where the channel has sessions. */
export type Authorize = (request: HttpRequest, roots: Roots) => MaybePromise<HttpRequest>;

/** Compiles what a spec says about credentials that stand at `path` and see the names of `scope`. */
export type CompileAuth<Spec> = (
  spec: Spec,
  place: { compiler: TemplateCompiler; path: SpecPath; scope: Scope },
) => Authorize;
