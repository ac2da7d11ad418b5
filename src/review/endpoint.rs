//! `POST /review`: the server's side of the verbs that read.
//!
//! Invariants: only an operator's token opens it; a review never runs on a thread that serves
//! others, and no more than a few run at once; whoever gives up waiting leaves a review that ends
//! by itself and keeps its place until then.
//! Deliberately not here: what is asked and answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use duizhang_api::app::App;
use duizhang_api::dialects::Desk as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::declared::{Look, declared};
use super::history::history;
use super::operator::{Stranger, operator_of};
use super::question::{Answered, Asked, Question, Told};

/// Most reviews at once. Each folds the whole log into a state and views of its own, some 500 bytes
/// an order, and takes a core and a half: two of a book with a million orders are 1 GB.
const REVIEWS_MAX: usize = 2;
/// Longest question in bytes: the longest holds an order number of 128.
const QUESTION_BYTES_MAX: usize = 1_024;

/// What the handler needs.
struct Reviewer {
    app: Arc<App>,
    data: PathBuf,
    room: Arc<Semaphore>,
}

/// The routes that a server has beside its own.
pub(crate) fn routes(app: &Arc<App>, data: PathBuf) -> Router {
    let room = Arc::new(Semaphore::new(REVIEWS_MAX));
    let reviewer = Arc::new(Reviewer { app: Arc::clone(app), data, room });
    Router::new().route("/review", post(review)).with_state(reviewer)
}

/// Why a question is not taken.
#[derive(Debug)]
enum Refusal {
    Stranger(Stranger),
    TooLong,
    Unknown(serde_json::Error),
    Busy,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::Stranger(stranger) => stranger.into_response(),
            Self::TooLong => {
                let text = format!(
                    "the question is longer than {QUESTION_BYTES_MAX} bytes or broke off\n"
                );
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Self::Unknown(error) => {
                let text = format!("this server does not know the question: {error}\n");
                (StatusCode::BAD_REQUEST, text).into_response()
            }
            Self::Busy => {
                let text = format!("{REVIEWS_MAX} reviews run already; ask again later\n");
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], text).into_response()
            }
        }
    }
}

async fn review(State(reviewer): State<Arc<Reviewer>>, request: Request) -> Response<Body> {
    let response = match reviewer.admit(request).await {
        Ok((asked, place)) => reviewer.carry_out(asked, place).await,
        Err(refusal) => refusal.into_response(),
    };
    reviewer.app.metrics.answered(response.status().as_u16());
    response
}

impl Reviewer {
    /// Who asks, what, and a place to work in.
    async fn admit(&self, request: Request) -> Result<(Asked, OwnedSemaphorePermit), Refusal> {
        operator_of(&self.app, request.headers()).map_err(Refusal::Stranger)?;
        let body = to_bytes(request.into_body(), QUESTION_BYTES_MAX).await;
        let body = body.map_err(|_| Refusal::TooLong)?;
        let asked = serde_json::from_slice(&body).map_err(Refusal::Unknown)?;
        Ok((asked, place(&self.room)?))
    }

    async fn carry_out(&self, asked: Asked, place: OwnedSemaphorePermit) -> Response<Body> {
        let (app, data) = (Arc::clone(&self.app), self.data.clone());
        let work = tokio::task::spawn_blocking(move || {
            let answered = Answered::of(answer(&app, &data, &asked.question), asked.form);
            drop(place);
            answered
        });
        let Ok(answered) = work.await else {
            let text = "the review stopped on a failed assertion\n";
            return (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
        };
        let body = serde_json::to_vec(&answered).expect("texts are always JSON");
        ([(CONTENT_TYPE, "application/json")], body).into_response()
    }
}

/// A place to work in, where one is free.
fn place(room: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    Arc::clone(room).try_acquire_owned().map_err(|_| Refusal::Busy)
}

fn answer(app: &App, data: &Path, question: &Question) -> anyhow::Result<Told> {
    match question {
        Question::History(question) => {
            question.check()?;
            history(app.book.log(), data, question, &mut |_, _, _| {})
        }
        Question::Declared(question) => {
            let views = app.book.views();
            let look =
                Look { book: &views.book, secrets: &app.secrets, now: app.now(), zone: app.zone };
            declared(&look, question)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_may_run_is_turned_away_until_one_ends() {
        let room = Arc::new(Semaphore::new(REVIEWS_MAX));
        let mut places: Vec<_> =
            (0..REVIEWS_MAX).map(|_| place(&room).expect("there is room")).collect();
        let refusal = place(&room).expect_err("all places are taken").into_response();
        assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refusal.headers()[RETRY_AFTER], "1");
        places.pop();
        assert!(place(&room).is_ok());
    }
}
