// epay's first version with `easypay-node-sdk` of npm: it signs the order and asks for it. It has no function that
// verifies a callback; a shop signs what came with the library's own signature, and compares.
'use strict';

const Easypay = require('easypay-node-sdk');
const { terms, say, ask, open, changed } = require('./shop.js');

const connect = (key) => new Easypay({ domain: terms.base, pid: terms.merchant, key });

const signature = (client, params) => {
    const { sign, sign_type, pid, ...rest } = params;
    return new URL(client.pay(rest)).searchParams.get('sign');
};

const verifies = (client, params) =>
    params.pid === terms.merchant && params.sign === signature(client, params);

const main = async () => {
    const shop = await open();
    const goods = {
        type: 'wxpay',
        out_trade_no: terms.number,
        notify_url: shop.address,
        return_url: 'http://127.0.0.1:8080/back',
        name: '茶水',
        money: terms.amount,
        sitename: '茶馆',
    };
    let page = await ask(connect(terms.wrong).pay(goods));
    say('turned_away', { status: page.status, words: page.text.replace(/<[^>]*>/g, ' ') });
    const client = connect(terms.key);
    page = await ask(client.pay(goods));
    const way = page.headers.location || /\/pay\/o[0-9a-z]+/.exec(page.text)[0];
    page = await ask(new URL(way, terms.base));
    say('ordered', { payable: /\d+\.\d\d/.exec(page.text)[0] });

    const came = await shop.callback();
    if (!verifies(client, came.params)) {
        throw new Error(`the callback is not the library's: ${JSON.stringify(came.params)}`);
    }
    came.answer('success');
    say('told', { method: came.method, ...came.params });

    const found = JSON.parse(await client.order(terms.number));
    say('queried', { status: found.status, money: found.money, name: found.name, code: found.code });

    const names = Object.keys(came.params).filter((name) => name !== 'sign_type');
    const forged = names.map((name) => ({ ...came.params, [name]: changed(came.params[name]) }));
    forged.push(...names.map((name) => ({ ...came.params, [name]: undefined })));
    for (const params of forged.map((params) => JSON.parse(JSON.stringify(params)))) {
        if (verifies(client, params)) {
            throw new Error(`a forged callback passed: ${JSON.stringify(params)}`);
        }
    }
    say('forged', { refused: forged.length });
    shop.close();
};

main();
