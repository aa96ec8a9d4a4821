/** A URL with query parameters added; what it has already stays. Values are percent-encoded, a space as `+`. */
export function withQuery(url: string, parameters: Readonly<Record<string, string>>): string {
  let result = url;
  for (const name in parameters) {
    result += `${result.includes('?') ? '&' : '?'}${encoded(name)}=${encoded(parameters[name] ?? '')}`;
  }
  return result;
}

function encoded(text: string): string {
  // Half a character cannot be encoded, and must not be a reason to fail.
  return encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+');
}
