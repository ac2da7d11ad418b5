//! `POST /review/reconcile`, `/review/statements` and `/review/report`: the server's side of
//! finance's verbs.
//!
//! Invariants: only an operator's token opens them; the work is done on a thread that serves nobody
//! else, in a place that is taken once the message is there, so that nobody who sends slowly keeps
//! others from working; whoever gives up waiting leaves a run that ends by itself.
//! Deliberately not here: what is done, and how many may do it at once ([`super::places`]).

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use duizhang_api::accept::Patience;
use duizhang_api::app::App;
use http_body_util::LengthLimitError;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::listing::{StatementQuestion, Stored, answer_statements};
use super::places::{Place, Places, Use, held};
use super::reconcile::{Desk, reconcile};
use super::report::{Archive, Files, ReportQuestion, Reported, report};
use super::wire::{
    FILES_BYTES_MAX, MESSAGE_BYTES_MAX, RECONCILE_PATH, REPORT_PATH, STATEMENTS_PATH, framed,
    task_of,
};
use crate::review::{Answered, Form, Stranger, complaint, operator_of};

/// Longest question in bytes: a day or 64 digits.
const QUESTION_BYTES_MAX: usize = 1_024;
/// Longest message that needs no place on its way and has the time of every body: what a shop may
/// send, too.
const SHORT_BYTES_MAX: usize = 64 * 1_024;

struct Office {
    app: Arc<App>,
    data: PathBuf,
    places: Places,
}

/// The routes that a server has beside its own.
pub(crate) fn routes(app: &Arc<App>, data: PathBuf) -> Router {
    let office = Arc::new(Office { app: Arc::clone(app), data, places: Places::new() });
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

/// Why something is not taken, or was not done.
#[derive(Debug)]
enum Refusal {
    Stranger(Stranger),
    FilesTooLong,
    QuestionTooLong,
    BrokeOff,
    Unknown(anyhow::Error),
    Busy(Use),
    /// The answer could not be written.
    Unsaid(anyhow::Error),
    Stopping,
    Panicked,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let later = [(RETRY_AFTER, "5")];
        match self {
            Self::Stranger(stranger) => stranger.into_response(),
            Self::FilesTooLong => {
                let text = format!(
                    "the files are larger than {} MB together: hand them in one by one, or export \
                     a shorter period\n",
                    FILES_BYTES_MAX / (1_024 * 1_024)
                );
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Self::QuestionTooLong => {
                let text = format!("the question is longer than {QUESTION_BYTES_MAX} bytes\n");
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Self::BrokeOff => (StatusCode::BAD_REQUEST, "the message broke off\n").into_response(),
            Self::Unknown(error) => {
                let text = format!("this server does not know what to do: {error:#}\n");
                (StatusCode::BAD_REQUEST, text).into_response()
            }
            Self::Busy(what) => {
                (StatusCode::SERVICE_UNAVAILABLE, later, what.busy()).into_response()
            }
            Self::Stopping => {
                let text = "the server stops; ask again when it is back\n";
                (StatusCode::SERVICE_UNAVAILABLE, later, text).into_response()
            }
            Self::Unsaid(error) => {
                let text = format!("the answer cannot be written: {error:#}\n");
                (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
            }
            Self::Panicked => {
                let text = "the work stopped on a failed assertion\n";
                (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
            }
        }
    }
}

impl From<Stranger> for Refusal {
    fn from(stranger: Stranger) -> Self {
        Self::Stranger(stranger)
    }
}

impl From<Use> for Refusal {
    fn from(what: Use) -> Self {
        Self::Busy(what)
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
async fn body_of(request: Request, bytes_max: usize, too_long: Refusal) -> Read<Vec<u8>> {
    if said_length(request.headers()).is_some_and(|length| length > bytes_max) {
        return Err(too_long);
    }
    let body = to_bytes(request.into_body(), bytes_max).await.map_err(|error| {
        if error.into_inner().is::<LengthLimitError>() { too_long } else { Refusal::BrokeOff }
    })?;
    Ok(body.into())
}

type Read<T> = Result<T, Refusal>;

/// Work on a thread that serves nobody else.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Read<T> {
    spawn_blocking(work)
        .await
        .map_err(|error| if error.is_cancelled() { Refusal::Stopping } else { Refusal::Panicked })
}

fn said_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Office {
    /// A message with files, and the place that it has on its way where it is long.
    async fn message(&self, request: Request) -> Read<(Vec<u8>, Option<Place>)> {
        let short = said_length(request.headers()).is_some_and(|said| said <= SHORT_BYTES_MAX);
        let place = (!short).then(|| self.places.take(Use::Upload)).transpose()?;
        if place.is_some()
            && let Some(patience) = request.extensions().get::<Patience>()
        {
            patience.upload();
        }
        let bytes_max = usize::try_from(MESSAGE_BYTES_MAX).unwrap_or(usize::MAX);
        Ok((body_of(request, bytes_max, Refusal::FilesTooLong).await?, place))
    }

    async fn reconcile(self: &Arc<Self>, request: Request) -> Read<Response<Body>> {
        let by = operator_of(&self.app, request.headers())?;
        let (message, on_its_way) = self.message(request).await?;
        let (task, form) = task_of(&message, by).map_err(Refusal::Unknown)?;
        drop(message);
        let place = self.places.take(Use::Run)?;
        drop(on_its_way);
        let (office, runtime) = (Arc::clone(self), Handle::current());
        let answered = aside(move || {
            let Office { app, data, .. } = &*office;
            let desk = Desk { book: &app.book, data, zone: app.zone, runtime: &runtime };
            let told = reconcile(&desk, task, &mut |_, _, _| {});
            drop(place);
            Answered::of(told, form)
        });
        let body = serde_json::to_vec(&answered.await?);
        let body = body.map_err(|error| Refusal::Unsaid(error.into()))?;
        Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
    }

    async fn tell(self: &Arc<Self>, request: Request) -> Read<Response<Body>> {
        operator_of(&self.app, request.headers())?;
        let body = body_of(request, QUESTION_BYTES_MAX, Refusal::QuestionTooLong).await?;
        let asked: Asked =
            serde_json::from_slice(&body).map_err(|error| Refusal::Unknown(error.into()))?;
        let place = self.places.take(Use::Answer)?;
        let office = Arc::clone(self);
        let message = aside(move || office.answer(&asked).map(|message| held(message, place)));
        Ok(message.await?.map_err(Refusal::Unsaid)?.into_response())
    }

    async fn report(self: &Arc<Self>, request: Request) -> Read<Response<Body>> {
        operator_of(&self.app, request.headers())?;
        let body = body_of(request, QUESTION_BYTES_MAX, Refusal::QuestionTooLong).await?;
        let question: ReportQuestion =
            serde_json::from_slice(&body).map_err(|error| Refusal::Unknown(error.into()))?;
        let place = self.places.take(Use::Report)?;
        let office = Arc::clone(self);
        let message = aside(move || {
            let message = office.made(&question);
            drop(place);
            message
        });
        Ok(message.await?.map_err(Refusal::Unsaid)?.into_response())
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
        let (answered, bytes) = answer_statements(&stored, question, *form);
        framed(&answered, &[&bytes])
    }
}
