import { describe, expect, it } from 'vitest';
import { parseForm } from '../../lambdas/domain/form.ts';
import { MESSAGE_PARAMETERS } from '../../lambdas/domain/message-parameters.ts';
import { parseMessageRequest } from '../../lambdas/domain/message-request.ts';
import { TwilioError } from '../../lambdas/domain/twilio-error.ts';

const BASIC = 'To=whatsapp%3A%2B15552223333&From=whatsapp%3A%2B15550001111';
const HX = `HX${'a'.repeat(32)}`;
const MG = `MG${'a'.repeat(32)}`;

const read = (form: string) => parseMessageRequest(parseForm(Buffer.from(form)), { allowLoopback: false });

function refusal(form: string): TwilioError {
  try {
    read(form);
  } catch (error) {
    if (error instanceof TwilioError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('parseMessageRequest', () => {
  it('reads every parameter that has an effect', () => {
    const request = read(
      `${BASIC}&Body=Hi+%F0%9F%91%8B&MediaUrl=https%3A%2F%2Fcdn.example%2Fa.jpg%3Fv%3D1&MediaUrl=https%3A%2F%2Fcdn.example%2Fb` +
        '&StatusCallback=https%3A%2F%2Fu%3Ap%40app.example%2Fcb%23rc%3D3&ValidityPeriod=36000&Surprise=1',
    );
    expect(request).toEqual({
      to: 'whatsapp:+15552223333',
      from: 'whatsapp:+15550001111',
      body: 'Hi 👋',
      media: [{ url: 'https://cdn.example/a.jpg?v=1', contentType: 'image/jpeg' }, { url: 'https://cdn.example/b' }],
      statusCallback: 'https://u:p@app.example/cb#rc=3',
      validityPeriod: 36_000,
      unknown: ['Surprise'],
    });
  });

  it('reads a location, whose name is the body', () => {
    expect(read(`${BASIC}&Body=Office&PersistentAction=geo%3A37.78%2C-122.39%7C375+Beale+St`).location).toEqual({
      latitude: 37.78,
      longitude: -122.39,
      label: 'Office',
      address: '375 Beale St',
    });
  });

  it('reads when it is to be sent: a From is enough for that here', () => {
    const { sendAt } = read(`${BASIC}&Body=Hi&ScheduleType=fixed&SendAt=2030-01-01T00%3A00%3A00Z`);
    expect(sendAt).toBe(Date.parse('2030-01-01T00:00:00Z'));
  });

  it('takes a body of exactly 1600 characters', () => {
    expect(read(`${BASIC}&Body=${'x'.repeat(1_600)}`).body).toHaveLength(1_600);
  });

  it.each(Object.entries(MESSAGE_PARAMETERS).flatMap(([name, { use }]) => (use === 'ignored' ? [name] : [])))(
    'accepts %s, without effect',
    (name) => {
      expect(read(`${BASIC}&Body=Hi&${name}=true`)).toEqual(read(`${BASIC}&Body=Hi`));
    },
  );

  it.each(['ShortenUrls=false', 'ContentRetention=retain', 'AddressRetention=retain', 'ApplicationSid='])(
    'accepts %s, which asks for nothing',
    (parameter) => {
      expect(read(`${BASIC}&Body=Hi&${parameter}`).unknown).toEqual([]);
    },
  );

  it.each<[code: number, why: string, form: string]>([
    [21604, 'To is missing', 'From=whatsapp%3A%2B1555&Body=Hi'],
    [21604, 'To is empty', 'To=&From=whatsapp%3A%2B1555&Body=Hi'],
    [21604, 'a parameter has the wrong case', 'to=whatsapp%3A%2B1555&From=whatsapp%3A%2B1555&Body=Hi'],
    [21603, 'no sender is named', 'To=whatsapp%3A%2B15552223333&Body=Hi'],
    [21602, 'there is nothing to send', BASIC],
    [21602, 'the body is white space', `${BASIC}&Body=+%0A`],
    [21617, 'the body has 1601 characters', `${BASIC}&Body=${'x'.repeat(1_601)}`],
    [21617, 'the body has 801 emoji, which count twice', `${BASIC}&Body=${'%F0%9F%91%8B'.repeat(801)}`],
    [21623, 'there are eleven media', `${BASIC}&${'MediaUrl=https%3A%2F%2Fa.example&'.repeat(11)}`],
    [21620, 'a media URL is none', `${BASIC}&MediaUrl=cat.jpg`],
    [
      21620,
      'the second media URL is private',
      `${BASIC}&MediaUrl=https%3A%2F%2Fa.example&MediaUrl=http%3A%2F%2F10.0.0.1`,
    ],
    [21620, 'a media URL is on the loopback interface', `${BASIC}&MediaUrl=http%3A%2F%2F127.0.0.1%2Fa.jpg`],
    [21609, 'the callback is none', `${BASIC}&Body=Hi&StatusCallback=nonsense`],
    [21609, 'the callback is not HTTP', `${BASIC}&Body=Hi&StatusCallback=ftp%3A%2F%2Fa.example`],
    [21609, 'the callback is private', `${BASIC}&Body=Hi&StatusCallback=http%3A%2F%2F169.254.169.254%2F`],
    [21609, 'the callback has an underscore in its host', `${BASIC}&Body=Hi&StatusCallback=http%3A%2F%2Fa_b.example`],
    [21624, 'the validity is 0', `${BASIC}&Body=Hi&ValidityPeriod=0`],
    [21624, 'the validity is too long', `${BASIC}&Body=Hi&ValidityPeriod=36001`],
    [21624, 'the validity is no integer', `${BASIC}&Body=Hi&ValidityPeriod=1e3`],
    [21655, 'the content does not exist', `${BASIC}&ContentSid=${HX}&ContentVariables=%7B%221%22%3A%22a%22%7D`],
    [21655, 'the ContentSid is malformed', `${BASIC}&ContentSid=HX1`],
    [21654, 'there are variables without content', `${BASIC}&ContentVariables=%7B%7D`],
    [21656, 'the variables are no JSON', `${BASIC}&ContentSid=${HX}&ContentVariables=%7B`],
    [21656, 'the variables are no strings', `${BASIC}&ContentSid=${HX}&ContentVariables=%7B%221%22%3A1%7D`],
    [35127, 'there are a body and variables', `${BASIC}&Body=Hi&ContentVariables=%7B%7D`],
    [35111, 'scheduling lacks a time', `To=%2B15552223333&MessagingServiceSid=${MG}&Body=Hi&ScheduleType=fixed`],
    [
      35126,
      'the schedule is of another type',
      `To=%2B15552223333&From=${MG}&Body=Hi&ScheduleType=daily&SendAt=2030-01-01`,
    ],
    [
      21705,
      'a schedule names a messaging service',
      `${BASIC}&MessagingServiceSid=${MG}&Body=Hi&ScheduleType=fixed&SendAt=2030-01-01`,
    ],
    [21705, 'the messaging service does not exist', `To=%2B15552223333&MessagingServiceSid=${MG}&Body=Hi`],
    [21705, 'From names a messaging service', `To=%2B15552223333&From=${MG}&Body=Hi`],
    [21664, 'FallbackFrom lacks a service', `${BASIC}&Body=Hi&FallbackFrom=%2B15550001111`],
    [20422, 'a location is malformed', `${BASIC}&Body=Hi&PersistentAction=geo%3Anowhere`],
    [20422, 'a location is off the globe', `${BASIC}&Body=Hi&PersistentAction=geo%3A91%2C0`],
    [
      20422,
      'a location comes with media',
      `${BASIC}&Body=Hi&PersistentAction=geo%3A1%2C1&MediaUrl=https%3A%2F%2Fa.example`,
    ],
    [21602, 'a location has no name', `${BASIC}&PersistentAction=geo%3A1%2C1`],
    [20422, 'To is given twice', `${BASIC}&To=whatsapp%3A%2B1555&Body=Hi`],
    [20422, 'a TwiML application is named', `${BASIC}&Body=Hi&ApplicationSid=AP1`],
    [20422, 'the body shall not be kept', `${BASIC}&Body=Hi&ContentRetention=discard`],
  ])('refuses with %i when %s', (code, _why, form) => {
    expect(refusal(form)).toMatchObject({ code, status: 400 });
  });

  it('checks To before From before the content', () => {
    expect(refusal('Body=').code).toBe(21604);
    expect(refusal('To=%2B1').code).toBe(21603);
    expect(refusal('To=%2B1&From=%2B2').code).toBe(21602);
  });

  it('shows no password of a URL that it refuses', () => {
    const { message } = refusal(`${BASIC}&Body=Hi&StatusCallback=http%3A%2F%2Fuser%3Ahunter2%4010.0.0.1%2F`);
    expect(message).toContain('10.0.0.1');
    expect(message).not.toContain('hunter2');
  });
});

describe('parseForm', () => {
  it('keeps order, repetitions, plus signs and equals signs', () => {
    expect([...parseForm(Buffer.from('a=1+2&b&a=%2B=&&=x'))]).toEqual([
      ['a', ['1 2', '+=']],
      ['b', ['']],
      ['', ['x']],
    ]);
  });

  it.each<[why: string, bytes: Uint8Array]>([
    ['a lone percent sign', Buffer.from('Body=100%')],
    ['an escape that is not hexadecimal', Buffer.from('Body=%zz')],
    ['an escape that is not UTF-8', Buffer.from('Body=%ff')],
    ['a surrogate in UTF-8', Buffer.from('Body=%ED%A0%80')],
    ['bytes that are not UTF-8', Uint8Array.from([0x61, 0x3d, 0xe9])],
  ])('refuses %s', (_why, bytes) => {
    expect(() => parseForm(bytes)).toThrow(expect.objectContaining({ code: 20422, status: 400 }));
  });
});
