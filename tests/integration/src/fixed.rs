//! A random source that returns a chosen number.

use std::convert::Infallible;

/// Every number drawn below a million is this one.
pub(crate) struct Draws(pub(crate) u32);

impl rand::TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // A number below n is drawn as the upper half of word * n. This is the smallest word that gives ours.
        let word = (u64::from(self.0) << 32).div_ceil(1_000_000);
        Ok(u32::try_from(word).unwrap_or(u32::MAX))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }
}

impl rand::TryCryptoRng for Draws {}
