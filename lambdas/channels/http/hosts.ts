/**
 * Whether a URL is HTTPS and its host is one of those that a spec names; `*` stands for exactly one label. A webhook's word
 * decides where a request goes, so nothing that merely looks like the host will do.
 */
export function isOfHosts(url: string, hosts: readonly string[]): boolean {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'https:' || parsed.username !== '' || parsed.password !== '' || parsed.port !== '')
    return false;
  const labels = parsed.hostname.split('.');
  return hosts.some((host) => {
    const expected = host.toLowerCase().split('.');
    return (
      expected.length === labels.length &&
      expected.every((label, index) => (label === '*' && labels[index] !== '') || label === labels[index])
    );
  });
}
