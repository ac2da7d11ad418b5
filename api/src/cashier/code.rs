//! The QR code as the outline of an SVG path.
//!
//! Invariants: the outline holds digits and path letters only, so that it may stand in any
//! attribute; the quiet zone of four modules (ISO/IEC 18004) is part of the drawing, because a dark
//! page may touch its edge. One path with a piece per run of dark modules is a fifth of the size of
//! one rectangle per module.
//! Deliberately not here: colours, which are always black on white, and the text's meaning.

use std::fmt::Write as _;

use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

/// Longest text of a QR code. Payment codes have less than 200 bytes, and 512 at level M already
/// make 89 modules a side, about the finest that a phone reads from another phone's screen.
pub const QR_TEXT_BYTES_MAX: usize = 512;

/// The quiet zone that the standard wants on each side, in modules.
const QUIET_MODULES: usize = 4;

/// A QR code as a drawing.
#[derive(Debug)]
pub(super) struct CodeDrawing {
    /// Width and height with the quiet zone, in modules.
    pub(super) side: usize,
    /// The value of the path's `d` attribute, in modules.
    pub(super) outline: String,
}

/// Draws a text that is not longer than [`QR_TEXT_BYTES_MAX`].
pub(super) fn draw_code(text: &str) -> Result<CodeDrawing, QrError> {
    if text.len() > QR_TEXT_BYTES_MAX {
        return Err(QrError::DataTooLong);
    }
    let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
    let modules = code.to_colors();
    let mut outline = String::new();
    for (row, colors) in modules.chunks(code.width()).enumerate() {
        let y = row.saturating_add(QUIET_MODULES);
        let mut x = QUIET_MODULES;
        for run in colors.chunk_by(|left, right| left == right) {
            if run[0] == Color::Dark {
                let length = run.len();
                write!(outline, "M{x} {y}h{length}v1h-{length}z")
                    .expect("writing to a string cannot fail");
            }
            x = x.saturating_add(run.len());
        }
    }
    Ok(CodeDrawing { side: code.width().saturating_add(2 * QUIET_MODULES), outline })
}

/// Pixels of a module in a picture: 29 modules of a short code make 174 pixels, which every client
/// that shows the picture as it is can scan.
const MODULE_PIXELS: usize = 6;

/// A text as a PNG picture of its QR code, grey with one bit a pixel; none where the text is longer
/// than [`QR_TEXT_BYTES_MAX`].
#[must_use]
pub fn code_png(text: &str) -> Option<Vec<u8>> {
    let short = text.len() <= QR_TEXT_BYTES_MAX;
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok().filter(|_| short)?;
    let side = code.width().checked_add(2 * QUIET_MODULES)?.checked_mul(MODULE_PIXELS)?;
    let mut bits = vec![u8::MAX; side.div_ceil(8).checked_mul(side)?];
    for (y, row) in bits.chunks_mut(side.div_ceil(8)).enumerate() {
        for x in 0..side {
            if is_dark(&code, x / MODULE_PIXELS, y / MODULE_PIXELS) {
                row[x / 8] &= !(0x80 >> (x % 8));
            }
        }
    }
    let side = u32::try_from(side).ok()?;
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&bits).ok()?;
    writer.finish().ok()?;
    Some(picture)
}

/// Whether a module is dark; the quiet zone, counted as modules, never is.
fn is_dark(code: &QrCode, x: usize, y: usize) -> bool {
    let inside = |at: usize| at.checked_sub(QUIET_MODULES).filter(|at| *at < code.width());
    let (Some(x), Some(y)) = (inside(x), inside(y)) else { return false };
    code[(x, y)] == Color::Dark
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a drawing with a decoder that shares no code with the encoder.
    fn read_back(drawing: &CodeDrawing) -> String {
        super::super::tests::scan(drawing.side, &drawing.outline)
    }

    #[test]
    fn payment_codes_are_read_back() {
        let long = "a".repeat(QR_TEXT_BYTES_MAX);
        for text in [
            "wxp://f2f0example",
            "https://qr.alipay.com/fkx00000abcdefghijklmn?t=1700000000000",
            "https://i.qianbao.qq.com/wallet/sqrcode.htm?m=tenpay&f=wallet&a=1&u=10001&n=店",
            "HTTPS://QR.95516.COM/00010000/01012345678901234567890123456789",
            &long,
        ] {
            assert_eq!(read_back(&draw_code(text).expect("short enough")), text);
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        let text = "a".repeat(QR_TEXT_BYTES_MAX + 1);
        assert_eq!(draw_code(&text).map(|drawing| drawing.side), Err(QrError::DataTooLong));
    }

    #[test]
    fn pictures_are_read_back() {
        let long = "a".repeat(QR_TEXT_BYTES_MAX);
        for text in ["wxp://f2f0example", "https://qr.alipay.com/fkx0", &long] {
            let picture = code_png(text).expect("short enough");
            assert_eq!(super::super::tests::scan_png(&picture), text);
        }
        assert_eq!(code_png(&"a".repeat(QR_TEXT_BYTES_MAX + 1)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_text_is_read_back(text in "[a-zA-Z0-9:/?&=._-]{1,200}") {
            prop_assert_eq!(read_back(&draw_code(&text).expect("short enough")), text);
        }
    }
}
