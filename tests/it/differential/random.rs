//! Random choices that are the same for the same seed, on every machine and with every version of
//! every crate: SplitMix64.

/// A source of choices.
pub struct Random(u64);

impl Random {
    /// The source of one PKI: the choices of the others do not change it.
    pub fn of(seed: u64, number: usize) -> Random {
        let mut outer = Random(seed);
        let begin = outer.next();
        let mut inner = Random(begin ^ number as u64);
        Random(inner.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Some of these, at least one, in their order.
    pub fn some<T: Clone>(&mut self, from: &[T]) -> Vec<T> {
        loop {
            let some: Vec<T> = from.iter().filter(|_| self.one_in(2)).cloned().collect();
            if !some.is_empty() {
                return some;
            }
        }
    }

    /// One of these by their weights.
    pub fn weighted<'a, T>(&mut self, from: &'a [T], weight: impl Fn(&T) -> usize) -> &'a T {
        let mut left = self.below(from.iter().map(&weight).sum());
        for item in from {
            match left.checked_sub(weight(item)) {
                Some(rest) => left = rest,
                None => return item,
            }
        }
        unreachable!("the weights have not changed")
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}
