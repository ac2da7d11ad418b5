//! A list with a limit that counts what it does not keep.
//!
//! Invariant: what is beyond the limit is not even made, so a day of a million items costs as much
//! as its limit.

/// Items up to a limit, and how many more there were.
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    pub(super) unlisted: usize,
    most: usize,
}

impl<T> Listed<T> {
    pub(super) fn up_to(most: usize) -> Self {
        Self { items: Vec::new(), unlisted: 0, most }
    }

    pub(super) fn push(&mut self, make: impl FnOnce() -> T) {
        if self.items.len() < self.most {
            self.items.push(make());
        } else {
            self.unlisted += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_is_counted_and_not_made() {
        let (mut listed, mut made) = (Listed::up_to(2), 0);
        for number in 0..5 {
            listed.push(|| {
                made += 1;
                number
            });
        }
        assert_eq!((listed.unlisted, made), (3, 2));
        assert_eq!(listed.items, [0, 1]);
    }
}
