// The native API with `standardwebhooks` of npm, which verifies the callback.
'use strict';

const { Webhook, WebhookVerificationError } = require('standardwebhooks');
const { terms, say, ask, open, changed } = require('./shop.js');

const orders = `${terms.base}/v1/orders`;
const as = (token) => ({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' });

const main = async () => {
    const shop = await open();
    const body = JSON.stringify({
        number: terms.number,
        amount: terms.amount,
        channels: ['wechat'],
        notify_url: shop.address,
    });
    let answer = await ask(orders, { method: 'POST', headers: as(terms.wrong), body });
    say('turned_away', { status: answer.status, words: JSON.parse(answer.text).code });
    answer = await ask(orders, { method: 'POST', headers: as(terms.token), body });
    const created = JSON.parse(answer.text);
    say('ordered', { payable: created.payable });

    const came = await shop.callback();
    const webhook = new Webhook(terms.webhook);
    const said = webhook.verify(came.body, came.headers);
    came.answer('');
    say('told', { type: said.type, number: said.data.number, received: said.data.received });

    answer = await ask(`${orders}/${created.id}`, { headers: as(terms.token) });
    say('queried', { status: JSON.parse(answer.text).status });

    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
    const signed = Object.fromEntries(names.map((name) => [name, came.headers[name]]));
    const others = names.map((name) => ({ ...signed, [name]: changed(signed[name], 9) }));
    const lacking = names.map((name) => {
        const { [name]: _, ...rest } = signed;
        return rest;
    });
    const bodies = [came.body.replace('12.5', '92.5'), `${came.body} `, came.body.slice(0, -1)];
    const forged = [...others, ...lacking].map((head) => [came.body, head]);
    forged.push(...bodies.map((text) => [text, signed]));
    for (const [text, head] of forged) {
        let passed = true;
        try {
            webhook.verify(text, head);
        } catch (error) {
            if (!(error instanceof WebhookVerificationError)) {
                throw error;
            }
            passed = false;
        }
        if (passed) {
            throw new Error(`a forged callback passed: ${text} ${JSON.stringify(head)}`);
        }
    }
    say('forged', { refused: forged.length });
    shop.close();
};

main();
