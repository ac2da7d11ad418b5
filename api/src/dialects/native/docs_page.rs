//! The protocol as a page for people, made from the OpenAPI document.
//!
//! Invariants: no script, no inline style and nothing from another host, so that a strict content
//! policy lets it pass; it reads well without its stylesheets; every text is escaped; each problem
//! code has an anchor, which its documents point at.
//! Deliberately not here: the document itself (see [`super::openapi`]).

use std::fmt::Write;

use serde_json::Value;

use super::openapi::openapi_document;
use super::problem::Code;
use crate::cashier::STYLESHEET_PATH;
use crate::dialects::words::escaped;

/// Where the page's own stylesheet is served.
pub const DOCS_STYLESHEET_PATH: &str = "/assets/docs.css";
/// It stands behind the cashier's, whose colours it uses.
pub const DOCS_STYLESHEET: &str = include_str!("../../../templates/docs/docs.css");

/// The page.
///
/// # Panics
/// Never: the document that it reads is our own.
#[must_use]
pub fn docs_page() -> String {
    let document: Value =
        serde_json::from_str(&openapi_document()).expect("our own document is JSON");
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Duizhang API</title>",
    );
    for stylesheet in [STYLESHEET_PATH, DOCS_STYLESHEET_PATH] {
        push(&mut page, format_args!("<link rel=\"stylesheet\" href=\"{stylesheet}\">"));
    }
    page.push_str(
        "</head><body><main class=\"docs\">\
         <h1>Duizhang API</h1><p>The whole description for programs: \
         <a href=\"/openapi.json\">/openapi.json</a>.</p>\
         <nav><a href=\"#operations\">Operations</a><a href=\"#schemas\">Schemas</a>\
         <a href=\"#problems\">Problems</a></nav><h2 id=\"operations\">Operations</h2>",
    );
    for (path, verbs) in document["paths"].as_object().into_iter().flatten() {
        for (verb, operation) in verbs.as_object().into_iter().flatten() {
            push_operation(&mut page, path, verb, operation);
        }
    }
    page.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        push_schema(&mut page, name, schema);
    }
    page.push_str("<h2 id=\"problems\">Problems</h2><article><dl>");
    for code in Code::ALL {
        let (word, status, title) = code.parts();
        push(
            &mut page,
            format_args!("<dt id=\"problem-{word}\"><code>{word}</code> ({status})</dt>"),
        );
        push(&mut page, format_args!("<dd>{}</dd>", escaped(title)));
    }
    page.push_str("</dl></article></main></body></html>");
    page
}

fn push_operation(page: &mut String, path: &str, verb: &str, operation: &Value) {
    let (class, verb, path) = (escaped(verb), escaped(&verb.to_uppercase()), escaped(path));
    push(
        page,
        format_args!(
            "<article><h3><span class=\"verb {class}\">{verb}</span> <code>{path}</code></h3>"
        ),
    );
    for text in [&operation["summary"], &operation["description"]] {
        if let Some(text) = text.as_str() {
            push(page, format_args!("<p>{}</p>", escaped(text)));
        }
    }
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    if !example.is_null() {
        push(page, format_args!("<pre>{}</pre>", escaped(&format!("{example:#}"))));
    }
    page.push_str("<ul>");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let text = answer["description"].as_str().unwrap_or_default();
        push(page, format_args!("<li>{}: {}</li>", escaped(status), escaped(text)));
    }
    page.push_str("</ul></article>");
}

fn push_schema(page: &mut String, name: &str, schema: &Value) {
    push(page, format_args!("<article><h3>{}</h3><dl>", escaped(name)));
    for (field, described) in schema["properties"].as_object().into_iter().flatten() {
        let text = described["description"].as_str().unwrap_or_default();
        push(
            page,
            format_args!("<dt><code>{}</code></dt><dd>{}</dd>", escaped(field), escaped(text)),
        );
    }
    page.push_str("</dl></article>");
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing into memory cannot fail");
}
