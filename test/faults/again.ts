/**
 * `fetch`, and once more where the connection broke: a server closes those that were idle for a while, and on a busy machine a request
 * may just have left on one of them.
 */
export async function fetchAgain(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    return await fetch(url, init);
  }
}
