//! What a text message costs: roughly as AWS charges to the US, and the same to everywhere.

const PRICE: f64 = 0.005_81;
const CARRIER_FEE: f64 = 0.003;

/// The price is that of all parts, in US dollars.
pub(crate) struct Charge {
    pub(crate) encoding: &'static str,
    pub(crate) parts: u32,
    pub(crate) price: f64,
    pub(crate) carrier_fee: f64,
}

impl Charge {
    pub(crate) fn of(text: &str) -> Self {
        // Nearly the GSM alphabet, whose exact letters matter only to who writes the texts.
        let is_gsm = text.chars().all(|letter| letter <= 'ÿ');
        let (encoding, places, one, of_many) = if is_gsm {
            ("GSM", text.chars().count(), 160, 153)
        } else {
            ("UNICODE", text.encode_utf16().count(), 70, 67)
        };
        let parts = if places <= one { 1 } else { places.div_ceil(of_many) };
        let parts = u32::try_from(parts).unwrap_or(u32::MAX);
        Self { encoding, parts, price: PRICE * f64::from(parts), carrier_fee: CARRIER_FEE * f64::from(parts) }
    }

    /// Whether that is more than `most`, which is a decimal number.
    pub(crate) fn exceeds(&self, most: &str) -> bool {
        most.parse().is_ok_and(|most: f64| self.price > most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_charged_by_its_parts() {
        for (text, encoding, parts) in [
            ("a".repeat(160), "GSM", 1),
            ("a".repeat(161), "GSM", 2),
            ("é".repeat(160), "GSM", 1),
            ("码".repeat(70), "UNICODE", 1),
            ("码".repeat(71), "UNICODE", 2),
        ] {
            let charge = Charge::of(&text);
            assert_eq!((charge.encoding, charge.parts), (encoding, parts), "{} letters", text.chars().count());
            assert!(charge.exceeds(".005") && !charge.exceeds("0.02"));
        }
    }
}
