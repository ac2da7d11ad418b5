//! `POST /review/reconcile`, `/review/statements` and `/review/report`: the server's side of
//! finance's verbs.
//!
//! Invariants: only an operator's token opens them; one day is reconciled or reported at a time, on
//! a thread that serves nobody else, and a message is read only by whoever has that place; whoever
//! gives up waiting leaves a run that ends by itself.
//! Deliberately not here: what is done.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use duizhang_api::app::App;
use duizhang_api::dialects::{Desk as _, Token};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::listing::{StatementQuestion, Stored, saved, tell_statements};
use super::reconcile::{Desk, reconcile};
use super::report::{Archive, Files, ReportQuestion, Reported, report};
use super::wire::{
    FILES_BYTES_MAX, MESSAGE_BYTES_MAX, RECONCILE_PATH, REPORT_PATH, STATEMENTS_PATH, framed,
    task_of,
};
use crate::review::{Answered, Form, Told, bearer, complaint};

/// Most days that are reconciled at once. A comparison of a busy day with its files takes some
/// hundred megabytes, and two of one day would be in each other's way.
const RUNS_MAX: usize = 1;
/// Longest question in bytes: a day or 64 digits.
const QUESTION_BYTES_MAX: usize = 1_024;

struct Office {
    app: Arc<App>,
    data: PathBuf,
    room: Arc<Semaphore>,
}

/// The routes that a server has beside its own.
pub(crate) fn routes(app: &Arc<App>, data: PathBuf) -> Router {
    let room = Arc::new(Semaphore::new(RUNS_MAX));
    let office = Arc::new(Office { app: Arc::clone(app), data, room });
    Router::new()
        .route(RECONCILE_PATH, post(reconciled))
        .route(STATEMENTS_PATH, post(told))
        .route(REPORT_PATH, post(reported))
        .with_state(office)
}

/// A question about kept statements on its way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    question: StatementQuestion,
    form: Form,
}

/// Why something is not taken.
#[derive(Debug)]
enum Refusal {
    NoToken,
    NotAnOperator,
    TooLong,
    BrokeOff,
    Unknown(anyhow::Error),
    Busy,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::NoToken => {
                let text = "a valid token of an operator is required\n";
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], text).into_response()
            }
            Self::NotAnOperator => {
                let text = "a merchant's token does not open the book: an operator's does\n";
                (StatusCode::FORBIDDEN, text).into_response()
            }
            Self::TooLong => {
                let text = format!(
                    "the files are larger than {} MB together: hand them in one by one, or export \
                     a shorter period\n",
                    FILES_BYTES_MAX / (1_024 * 1_024)
                );
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Self::BrokeOff => (StatusCode::BAD_REQUEST, "the message broke off\n").into_response(),
            Self::Unknown(error) => {
                let text = format!("this server does not know what to do: {error:#}\n");
                (StatusCode::BAD_REQUEST, text).into_response()
            }
            Self::Busy => {
                let text = "another day is being reconciled; ask again later\n";
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], text).into_response()
            }
        }
    }
}

async fn reconciled(State(office): State<Arc<Office>>, request: Request) -> Response<Body> {
    let response = office.reconcile(request).await.unwrap_or_else(IntoResponse::into_response);
    office.app.metrics.answered(response.status().as_u16());
    response
}

async fn told(State(office): State<Arc<Office>>, request: Request) -> Response<Body> {
    let response = office.tell(request).await.unwrap_or_else(IntoResponse::into_response);
    office.app.metrics.answered(response.status().as_u16());
    response
}

async fn reported(State(office): State<Arc<Office>>, request: Request) -> Response<Body> {
    let response = office.report(request).await.unwrap_or_else(IntoResponse::into_response);
    office.app.metrics.answered(response.status().as_u16());
    response
}

/// A body within a limit that is looked at before anything is read, where its length is said.
async fn body_of(request: Request, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let said = said_length(request.headers());
    if said.is_some_and(|length| length > bytes_max) {
        return Err(Refusal::TooLong);
    }
    let unread = if said.is_some() { Refusal::BrokeOff } else { Refusal::TooLong };
    let body = to_bytes(request.into_body(), bytes_max).await.map_err(|_| unread)?;
    Ok(body.into())
}

fn said_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Office {
    /// Who asks, by name.
    fn operator(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        match bearer(headers).and_then(|token| self.app.token(token)) {
            Some(Token::Operator(name)) => Ok(name),
            Some(Token::Merchant(_)) => Err(Refusal::NotAnOperator),
            None => Err(Refusal::NoToken),
        }
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.room).try_acquire_owned().map_err(|_| Refusal::Busy)
    }

    async fn reconcile(self: &Arc<Self>, request: Request) -> Result<Response<Body>, Refusal> {
        let by = self.operator(request.headers())?;
        let place = self.place()?;
        let bytes_max = usize::try_from(MESSAGE_BYTES_MAX).unwrap_or(usize::MAX);
        let message = body_of(request, bytes_max).await?;
        let (task, form) = task_of(&message, by).map_err(Refusal::Unknown)?;
        drop(message);
        let (office, runtime) = (Arc::clone(self), Handle::current());
        let work = tokio::task::spawn_blocking(move || {
            let Office { app, data, .. } = &*office;
            let desk = Desk { book: &app.book, data, zone: app.zone, runtime: &runtime };
            let told = reconcile(&desk, task, &mut |_, _, _| {});
            drop(place);
            Answered::of(told, form)
        });
        Ok(match work.await {
            Ok(answered) => json(serde_json::to_vec(&answered)),
            Err(_) => stopped(),
        })
    }

    async fn tell(self: &Arc<Self>, request: Request) -> Result<Response<Body>, Refusal> {
        self.operator(request.headers())?;
        let body = body_of(request, QUESTION_BYTES_MAX).await?;
        let asked: Asked = serde_json::from_slice(&body)
            .map_err(|error| Refusal::Unknown(anyhow::Error::from(error)))?;
        let office = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || office.answer(&asked));
        Ok(match work.await {
            Ok(Ok(message)) => (StatusCode::OK, message).into_response(),
            Ok(Err(_)) | Err(_) => stopped(),
        })
    }

    async fn report(self: &Arc<Self>, request: Request) -> Result<Response<Body>, Refusal> {
        self.operator(request.headers())?;
        let place = self.place()?;
        let body = body_of(request, QUESTION_BYTES_MAX).await?;
        let question: ReportQuestion = serde_json::from_slice(&body)
            .map_err(|error| Refusal::Unknown(anyhow::Error::from(error)))?;
        let office = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let message = office.made(&question);
            drop(place);
            message
        });
        Ok(match work.await {
            Ok(Ok(message)) => (StatusCode::OK, message).into_response(),
            Ok(Err(_)) | Err(_) => stopped(),
        })
    }

    /// The answer as a line, and the bytes of the report behind it.
    fn made(&self, question: &ReportQuestion) -> anyhow::Result<Vec<u8>> {
        let book = &self.app.book;
        let archive = Archive { log: book.log(), data: &self.data, zone: self.app.zone };
        let files = Files::of(&book.views(), question);
        match files.and_then(|files| report(&archive, files, question, &mut |_, _, _| {})) {
            Ok(Reported { clean, bytes }) => {
                framed(&Answered::Told { clean, output: String::new() }, &[&bytes])
            }
            Err(error) => framed(&Answered::Refused { complaint: complaint(&error) }, &[]),
        }
    }

    /// The answer as a line, and the bytes of a file behind it where one is saved.
    fn answer(&self, Asked { question, form }: &Asked) -> anyhow::Result<Vec<u8>> {
        let statements = self.app.book.views().statements.clone();
        let stored = Stored { statements: &statements, data: &self.data, zone: self.app.zone };
        let bytes = match question {
            StatementQuestion::Save { digits } => saved(&stored, digits),
            StatementQuestion::List { .. } | StatementQuestion::Show { .. } => Ok(Vec::new()),
        };
        let told: anyhow::Result<Told> = bytes.as_ref().map_or_else(
            |error| Err(anyhow::anyhow!("{error:#}")),
            |_| tell_statements(&stored, question),
        );
        framed(&Answered::of(told, *form), &[&bytes.unwrap_or_default()])
    }
}

fn json(body: serde_json::Result<Vec<u8>>) -> Response<Body> {
    match body {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => stopped(),
    }
}

fn stopped() -> Response<Body> {
    let text = "the work stopped on a failed assertion\n";
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}
