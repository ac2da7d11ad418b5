"""epay's first version with `epay-sdk` of PyPI: it signs order and query, and verifies the callback."""

import re
import warnings

from epay_sdk import EPayClient, EPayConfig, QueryOrderRequest
from epay_sdk.exceptions import EPayCallbackError, EPaySignError
from epay_sdk.models import CreateOrderRequest
from shop import Shop, ask, forgeries, say, terms

# The library warns of an address without TLS, which loopback has not.
warnings.simplefilter("ignore")

terms = terms()
shop = Shop()


def order(key):
    """A client and the page that leads its payer to the cashier."""
    client = EPayClient(EPayConfig(pid=terms["merchant"], key=key, base_url=terms["base"]))
    request = CreateOrderRequest(
        out_trade_no=terms["number"],
        name="茶 & 水",
        money=terms["amount"],
        notify_url=f"{shop.address}?from=epay&table=7",
        return_url="http://127.0.0.1:8080/back",
        pay_type="wxpay",
        param="table=7",
    )
    return client, client.create_order(request)


_, page = order(terms["wrong"])
say("turned_away", words=re.sub("<[^>]*>", " ", page))
client, page = order(terms["key"])
_, page = ask(terms["base"] + re.search("/pay/o[0-9a-z]+", page).group())
say("ordered", payable=re.search(r"\d+\.\d\d", page).group())

came = shop.callback()
own = {name: came.params.pop(name) for name in ("from", "table")}
assert own == {"from": "epay", "table": "7"}, own
said = client.verify_callback(came.params)
assert client.is_trade_success(came.params), came.params
came.answer("success")
say("told", method=came.method, number=said.out_trade_no, money=said.money, param=said.attach)

answer = client.query_order(QueryOrderRequest(out_trade_no=terms["number"]))
found = client.parse_query_result(answer)
assert found.gateway_trade_no == said.trade_no, answer
# Its `paid` reads a `trade_status`, which the protocol's answer does not have.
say("queried", found=found.query_ok, money=found.amount, status=answer["status"])

refused = 0
# Without a `sign_type` the library takes the one that it knows.
for forged in forgeries(came.params, unsigned=("sign_type",)):
    try:
        client.verify_callback(forged)
    except (EPaySignError, EPayCallbackError):
        refused += 1
    else:
        raise AssertionError(f"a forged callback passed: {forged}")
say("forged", refused=refused)
