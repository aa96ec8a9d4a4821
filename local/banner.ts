import type { LocalFile } from './local-file.ts';

/** What a person needs to send a message, ready to copy. @param second the number that is registered next */
export function banner(local: LocalFile, second: string, seconds: number, logFile: string): string {
  const { url, accountSid, authToken, sender, contact, simulatorUrl, graphUrl, providersUrl } = local;
  const phone = `${simulatorUrl}/control/contacts/${contact.replace(/\D/g, '')}/messages`;
  return `
  Switchboard is ready after ${seconds.toFixed(1)} s. State is in memory; Ctrl-C stops it.

    Gateway      ${url}
    Account SID  ${accountSid}
    Auth token   ${authToken}
    Sender       ${sender}
    Contact      ${contact} (simulated; answers every message)
    Their phone  ${phone}
    Next sender  ${second} (is registered on containers of its own, see below)
    Graph API    ${graphUrl} (simulated: accounts, numbers, templates)
    Providers    ${providersUrl} (simulated: all other channels)
    Logs         ${logFile}

  Send a message with curl:

    curl -u ${accountSid}:${authToken} ${url}/2010-04-01/Accounts/${accountSid}/Messages.json \\
      --data-urlencode From=${sender} --data-urlencode To=${contact} --data-urlencode Body=Hello

  or with the Twilio SDK for Node.js:

    const twilio = require('twilio');
    class Gateway extends twilio.RequestClient {
      request(options) {
        const { pathname, search } = new URL(options.uri);
        return super.request({ ...options, uri: '${url}' + pathname + search });
      }
    }
    const client = twilio('${accountSid}', '${authToken}', { httpClient: new Gateway() });
    client.messages.create({ from: '${sender}', to: '${contact}', body: 'Hello' });
`;
}
