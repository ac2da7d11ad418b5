"""The native API with `standardwebhooks` of PyPI, which verifies the callback."""

import json

from shop import Shop, ask, changed, say, terms
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

terms = terms()
shop = Shop()


def with_token(token):
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


order = {
    "number": terms["number"],
    "amount": terms["amount"],
    "channels": ["wechat"],
    "notify_url": shop.address,
}
create = f"{terms['base']}/v1/orders"
status, text = ask(create, json.dumps(order).encode(), with_token(terms["wrong"]))
say("turned_away", status=status, words=json.loads(text)["code"])
status, text = ask(create, json.dumps(order).encode(), with_token(terms["token"]))
assert status == 201, text
created = json.loads(text)
say("ordered", payable=created["payable"])

came = shop.callback()
webhook = Webhook(terms["webhook"])
said = webhook.verify(came.body, came.headers)
came.answer("")
say("told", type=said["type"], number=said["data"]["number"], received=said["data"]["received"])

status, text = ask(f"{create}/{created['id']}", headers=with_token(terms["token"]))
say("queried", status=json.loads(text)["status"])

refused = 0
signed = {name: came.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
heads = [{**signed, name: changed(value, 9)} for name, value in signed.items()]
heads += [{other: kept for other, kept in signed.items() if other != name} for name in signed]
bodies = [came.body.replace(b"12.5", b"92.5"), came.body + b" ", came.body[:-1]]
for body, headers in [(came.body, head) for head in heads] + [(body, signed) for body in bodies]:
    try:
        webhook.verify(body, headers)
    except WebhookVerificationError:
        refused += 1
    else:
        raise AssertionError(f"a forged callback passed: {body} {headers}")
say("forged", refused=refused)
