"""codepay with `CodePay` of PyPI: it signs the order and verifies the callback; it has no query of its own."""

import json
import urllib.parse

from CodePay_Python.codePay import CodePay
from shop import Shop, ask, forgeries, say, terms

WECHAT = 3
JSON = 4

terms = terms()
shop = Shop()
gateway = f"{terms['base']}/creat_order/"


def order(key):
    client = CodePay(codepay_id=terms["merchant"], key=key, codepay_url=gateway)
    address = client.get_codepay_pay_url(
        type=WECHAT,
        price=terms["amount"],
        pay_id=terms["number"],
        page=JSON,
        notify_url=shop.address,
        return_url="",
        param="茶 + 水",
    )
    status, text = ask(address)
    return client, status, json.loads(text)


_, status, answer = order(terms["wrong"])
say("turned_away", status=status, words=answer["msg"])
client, _, answer = order(terms["key"])
assert answer["status"] == 0, answer
say("ordered", payable=answer["money"])

came = shop.callback()
assert client.verify_order_return_result(came.params), came.params
came.answer("success")
say("told", method=came.method, **came.params)

query = urllib.parse.urlencode(
    {"id": terms["merchant"], "order_id": answer["order_id"], "token": answer["notiry_key"]}
)
say("queried", status=json.loads(ask(f"{terms['base']}/ispay?{query}")[1])["msg"])

refused = 0
for forged in forgeries(came.params):
    assert not client.verify_order_return_result(forged), f"a forged callback passed: {forged}"
    refused += 1
say("forged", refused=refused)
