//! The paths of the protocol, as a table.
//!
//! Invariants: the OpenAPI document names exactly these rows (a test compares them); a path that no
//! row has is unknown, and a path that a row has with another verb says which verbs it takes.
//! Deliberately not here: what a path's identifiers mean.

use duizhang_core::ledger::AdjustmentVerdict;
use duizhang_core::refund::RefundStep;
use duizhang_listener_bridge::wire::Method;

use super::finance::{Finance, Work};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A new order.
    CreateOrder,
    /// Orders, or the one with a number.
    ListOrders,
    /// One order.
    GetOrder,
    /// That an order be closed.
    CloseOrder,
    /// A new refund.
    CreateRefund,
    /// The refunds of an order.
    ListRefunds,
    /// One refund.
    GetRefund,
    /// That a callback be sent again.
    Redeliver,
    /// What waits for a person.
    Inbox,
    /// That a payment be an order's.
    Assign,
    /// That a payment be no order's.
    Dismiss,
    /// What a notification says.
    Judge,
    /// That a refund move on.
    Step(RefundStep),
    /// How the devices are.
    Devices,
    /// Breaks, days, movements and adjustments.
    Finance(Finance),
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Route {
    /// The verb.
    pub(super) verb: Method,
    /// The path; a name in braces stands for one segment.
    pub(super) path: &'static str,
    /// What it asks for.
    pub(super) endpoint: Endpoint,
}

const fn get(path: &'static str, endpoint: Endpoint) -> Route {
    Route { verb: Method::Get, path, endpoint }
}

const fn post(path: &'static str, endpoint: Endpoint) -> Route {
    Route { verb: Method::Post, path, endpoint }
}

const fn work(path: &'static str, work: Work) -> Route {
    post(path, Endpoint::Finance(Finance::Work(work)))
}

const fn judge(path: &'static str, verdict: AdjustmentVerdict) -> Route {
    post(path, Endpoint::Finance(Finance::Judge(verdict)))
}

/// Every path, the busiest first.
pub(super) static ROUTES: [Route; 38] = [
    post("/v1/orders", Endpoint::CreateOrder),
    get("/v1/orders/{id}", Endpoint::GetOrder),
    get("/v1/orders", Endpoint::ListOrders),
    post("/v1/orders/{id}/close", Endpoint::CloseOrder),
    post("/v1/orders/{id}/refunds", Endpoint::CreateRefund),
    get("/v1/orders/{id}/refunds", Endpoint::ListRefunds),
    get("/v1/refunds/{id}", Endpoint::GetRefund),
    post("/v1/callbacks/{id}/redeliver", Endpoint::Redeliver),
    get("/v1/operator/inbox", Endpoint::Inbox),
    get("/v1/operator/devices", Endpoint::Devices),
    post("/v1/operator/payments/{id}/assign", Endpoint::Assign),
    post("/v1/operator/payments/{id}/dismiss", Endpoint::Dismiss),
    post("/v1/operator/notifications/{id}/judge", Endpoint::Judge),
    post("/v1/operator/refunds/{id}/approve", Endpoint::Step(RefundStep::Approve)),
    post("/v1/operator/refunds/{id}/send", Endpoint::Step(RefundStep::Send)),
    post("/v1/operator/refunds/{id}/confirm", Endpoint::Step(RefundStep::Confirm)),
    post("/v1/operator/refunds/{id}/decline", Endpoint::Step(RefundStep::Decline)),
    get("/v1/operator/breaks", Endpoint::Finance(Finance::Breaks)),
    get("/v1/operator/breaks/{id}", Endpoint::Finance(Finance::Break)),
    work("/v1/operator/breaks/{id}/assign", Work::Assign),
    work("/v1/operator/breaks/{id}/comment", Work::Comment),
    work("/v1/operator/breaks/{id}/wait", Work::Wait),
    work("/v1/operator/breaks/{id}/propose", Work::Propose),
    work("/v1/operator/breaks/{id}/approve", Work::Approve),
    work("/v1/operator/breaks/{id}/refuse", Work::Refuse),
    work("/v1/operator/breaks/{id}/resolve", Work::Resolve),
    work("/v1/operator/breaks/{id}/reopen", Work::Reopen),
    post("/v1/operator/breaks/{id}/take", Endpoint::Finance(Finance::Take)),
    get("/v1/operator/days", Endpoint::Finance(Finance::Days)),
    get("/v1/operator/days/{day}", Endpoint::Finance(Finance::Day)),
    post("/v1/operator/days/{day}/close", Endpoint::Finance(Finance::CloseDay)),
    post("/v1/operator/days/{day}/reopen", Endpoint::Finance(Finance::ReopenDay)),
    get("/v1/operator/movements", Endpoint::Finance(Finance::UnderWay)),
    post("/v1/operator/movements", Endpoint::Finance(Finance::Move)),
    get("/v1/operator/adjustments", Endpoint::Finance(Finance::Waiting)),
    post("/v1/operator/adjustments", Endpoint::Finance(Finance::Propose)),
    judge("/v1/operator/adjustments/{id}/approve", AdjustmentVerdict::Approve),
    judge("/v1/operator/adjustments/{id}/decline", AdjustmentVerdict::Decline),
];

/// Why a verb and a path are no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoRoute {
    /// No row has the path.
    UnknownPath,
    /// Rows have the path, with these verbs only.
    OtherVerb(String),
}

/// The row of a verb and a path, and the path's identifier; empty where the row has none.
///
/// # Errors
/// [`NoRoute`].
pub(super) fn find<'a>(verb: &Method, path: &'a str) -> Result<(Endpoint, &'a str), NoRoute> {
    let mut verbs = Vec::new();
    for route in &ROUTES {
        let Some(id) = identifier(route.path, path) else { continue };
        if route.verb == *verb {
            return Ok((route.endpoint, id));
        }
        verbs.push(route.verb.to_string());
    }
    Err(if verbs.is_empty() { NoRoute::UnknownPath } else { NoRoute::OtherVerb(verbs.join(", ")) })
}

fn identifier<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, named)) = template.split_once('{') else {
        return (template == path).then_some("");
    };
    let (_, after) = named.split_once('}')?;
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_finds_itself() {
        for route in &ROUTES {
            let path = route.path.replace("{id}", "x1").replace("{day}", "x1");
            let id = if route.path.contains('{') { "x1" } else { "" };
            assert_eq!(find(&route.verb, &path), Ok((route.endpoint, id)));
        }
    }

    #[test]
    fn what_is_no_row_is_told_apart() {
        let get_and_post = NoRoute::OtherVerb(String::from("POST, GET"));
        assert_eq!(find(&Method::Put, "/v1/orders"), Err(get_and_post));
        let only_get = NoRoute::OtherVerb(String::from("GET"));
        assert_eq!(find(&Method::Post, "/v1/refunds/r1"), Err(only_get));
        for path in
            ["/v1", "/v1/", "/v1/orders/", "/v1/orders//close", "/v1/orders/a/b", "/v2/orders"]
        {
            assert_eq!(find(&Method::Get, path), Err(NoRoute::UnknownPath), "{path}");
        }
    }
}
