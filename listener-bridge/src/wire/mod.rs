//! The neutral request and answer that sources and dialects share, and the tools to read them
//! strictly.

mod exchange;
mod flat_json;
mod form;
mod multipart;
mod params;
mod percent;
mod redact;
mod seal;

pub use exchange::{Answer, Method, Request};
pub use flat_json::FlatJsonError;
pub use multipart::MultipartError;
pub use params::{PARAM_BYTES_MAX, PARAM_NAME_BYTES_MAX, PARAMS_MAX, Param, Params, ParamsError};
pub use percent::{EscapeError, decode_bytes, decode_component, encode_bytes, encode_component};
pub use redact::SECRET_NAMES;
pub use seal::{bytes_equal, hex_bytes, hex_equal, hex_lower, hmac_sha256, md5_hex, sha256_hex};
