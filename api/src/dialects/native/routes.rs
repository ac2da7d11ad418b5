//! The paths of the protocol, as a table.
//!
//! Invariants: the OpenAPI document names exactly these rows (a test compares them); a path that no
//! row has is unknown, and a path that a row has with another verb says which verbs it takes.
//! Deliberately not here: what a path's identifiers mean.

use duizhang_core::refund::RefundStep;
use duizhang_listener_bridge::wire::Method;

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
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Route {
    /// The verb.
    pub(super) verb: Method,
    /// The path; `{id}` stands for one segment.
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

/// Every path, the busiest first.
pub(super) static ROUTES: [Route; 17] = [
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
    let Some((before, after)) = template.split_once("{id}") else {
        return (template == path).then_some("");
    };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_finds_itself() {
        for route in &ROUTES {
            let path = route.path.replace("{id}", "x1");
            let id = if route.path.contains("{id}") { "x1" } else { "" };
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
