//! Memory for payload that has to wait: lent from outside, bounded, wiped when given back.
//!
//! The one place where payload is copied to. The caller decides what the memory is: a sensor lends mappings that no
//! core dump holds, a test lends a `Vec`. Blocks are powers of two between [`SMALLEST`] and [`LARGEST`] (a buddy
//! allocator), so that nothing grows beyond what was lent.

/// Memory that can be lent: plain bytes of fixed length.
pub trait Memory: AsRef<[u8]> + AsMut<[u8]> + Send {}
impl<T: AsRef<[u8]> + AsMut<[u8]> + Send> Memory for T {}

/// Smallest block, in bytes.
pub const SMALLEST: usize = 512;
/// Largest block, in bytes.
pub const LARGEST: usize = SMALLEST << TOP;

const TOP: u8 = 10;
const FREE: u8 = 0x80;
const INNER: u8 = 0xff;

/// Hands out blocks of lent memory.
pub struct Slab {
    memory: Box<dyn Memory>,
    /// For each smallest block that begins a block: its order, with `FREE` when it is free; `INNER` elsewhere.
    state: Vec<u8>,
    /// Free blocks by order. May hold stale entries; `state` decides.
    free: Vec<Vec<u32>>,
    in_use: usize,
}

/// A block on loan with the bytes it holds. Must go back by [`Slab::release`]; dropping it loses the block.
#[derive(Debug)]
#[must_use = "a loan must be released"]
pub struct Loan {
    block: u32,
    order: u8,
    /// Bytes before those held that were cut from the front, so that taking from the front moves nothing.
    begin: usize,
    length: usize,
}

impl Loan {
    /// Bytes held.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl Slab {
    /// Over `memory`; what does not fill a block of [`LARGEST`] bytes is left unused.
    #[must_use]
    pub fn new(memory: Box<dyn Memory>) -> Self {
        let tops = (*memory).as_ref().len() / LARGEST;
        let mut state = vec![INNER; tops << TOP];
        let mut free = vec![Vec::new(); usize::from(TOP) + 1];
        for top in (0..tops).rev() {
            if let (Some(mark), Ok(block), Some(list)) =
                (state.get_mut(top << TOP), u32::try_from(top << TOP), free.last_mut())
            {
                *mark = TOP | FREE;
                list.push(block);
            }
        }
        Self { memory, state, free, in_use: 0 }
    }

    /// Bytes out on loan, whole blocks counted.
    #[must_use]
    pub const fn in_use(&self) -> usize {
        self.in_use
    }

    /// Lends a block that holds a copy of `bytes`. `None` when no memory is left, or they are more than [`LARGEST`].
    pub fn lend(&mut self, bytes: &[u8]) -> Option<Loan> {
        let mut loan = self.block(order_for(bytes.len())?)?;
        self.append(&mut loan, bytes).then_some(loan)
    }

    /// The bytes that `loan` holds.
    #[must_use]
    pub fn bytes(&self, loan: &Loan) -> &[u8] {
        let begin = loan.block as usize * SMALLEST + loan.begin;
        (*self.memory).as_ref().get(begin..begin + loan.length).unwrap_or_default()
    }

    fn room(&mut self, loan: &Loan) -> &mut [u8] {
        let begin = loan.block as usize * SMALLEST;
        (*self.memory).as_mut().get_mut(begin..begin + (SMALLEST << loan.order)).unwrap_or_default()
    }

    /// Adds `bytes` behind what `loan` holds, in a larger block when need be. `false`, with `loan` unchanged, when no
    /// memory is left.
    #[must_use]
    pub fn append(&mut self, loan: &mut Loan, bytes: &[u8]) -> bool {
        if !self.make_room(loan, bytes.len()) {
            return false;
        }
        let (held, length) = (loan.begin + loan.length, loan.length + bytes.len());
        if let Some(to) = self.room(loan).get_mut(held..held + bytes.len()) {
            to.copy_from_slice(bytes);
        }
        loan.length = length;
        true
    }

    /// Adds what `from` holds behind what `loan` holds. `false`, with both unchanged, when no memory is left.
    #[must_use]
    pub fn join(&mut self, loan: &mut Loan, from: &Loan) -> bool {
        if !self.make_room(loan, from.length) {
            return false;
        }
        let begin = from.block as usize * SMALLEST + from.begin;
        let to = loan.block as usize * SMALLEST + loan.begin + loan.length;
        (*self.memory).as_mut().copy_within(begin..begin + from.length, to);
        loan.length += from.length;
        true
    }

    /// Sees to it that `more` bytes fit behind those held: moves these to the front, or into a larger block.
    fn make_room(&mut self, loan: &mut Loan, more: usize) -> bool {
        let (size, length) = (SMALLEST << loan.order, loan.length + more);
        if loan.begin + length <= size {
            return true;
        }
        if length > size {
            return self.grow(loan, length);
        }
        let (begin, held) = (loan.begin, loan.length);
        let room = self.room(loan);
        room.copy_within(begin..begin + held, 0);
        if let Some(behind) = room.get_mut(held..begin + held) {
            behind.fill(0);
        }
        loan.begin = 0;
        true
    }

    fn grow(&mut self, loan: &mut Loan, length: usize) -> bool {
        let Some(mut larger) = order_for(length).and_then(|order| self.block(order)) else { return false };
        let (from, to) = (loan.block as usize * SMALLEST + loan.begin, larger.block as usize * SMALLEST);
        (*self.memory).as_mut().copy_within(from..from + loan.length, to);
        larger.length = loan.length;
        self.release(std::mem::replace(loan, larger));
        true
    }

    /// Takes `length` bytes from `at` out of what `loan` holds; what stood behind them moves up.
    pub fn cut(&mut self, loan: &mut Loan, at: usize, length: usize) {
        let (begin, held) = (loan.begin, loan.begin + loan.length);
        let (at, end) = ((begin + at).min(held), begin.saturating_add(at).saturating_add(length).min(held));
        let gone = end - at;
        let room = self.room(loan);
        let emptied = if at == begin {
            at..end
        } else {
            room.copy_within(end..held, at);
            held - gone..held
        };
        if let Some(emptied) = room.get_mut(emptied) {
            emptied.fill(0);
        }
        loan.begin += if at == begin { gone } else { 0 };
        loan.length -= gone;
    }

    /// Takes `loan` back and wipes it.
    pub fn release(&mut self, loan: Loan) {
        let held = loan.begin + loan.length;
        if let Some(used) = self.room(&loan).get_mut(loan.begin..held) {
            used.fill(0);
        }
        self.in_use -= SMALLEST << loan.order;
        let (mut block, mut order) = (loan.block, loan.order);
        self.mark(block, INNER);
        while order < TOP {
            let buddy = block ^ (1 << order);
            if self.state.get(buddy as usize) != Some(&(order | FREE)) {
                break;
            }
            self.mark(buddy, INNER);
            block &= !(1 << order);
            order += 1;
        }
        self.put(block, order);
    }

    fn block(&mut self, order: u8) -> Option<Loan> {
        let (block, mut found) = (order..=TOP).find_map(|order| Some((self.pop(order)?, order)))?;
        while found > order {
            found -= 1;
            self.put(block | (1 << found), found);
        }
        self.mark(block, order);
        self.in_use += SMALLEST << order;
        Some(Loan { block, order, begin: 0, length: 0 })
    }

    fn pop(&mut self, order: u8) -> Option<u32> {
        while let Some(block) = self.free.get_mut(usize::from(order))?.pop() {
            if self.state.get(block as usize) == Some(&(order | FREE)) {
                return Some(block);
            }
        }
        None
    }

    fn put(&mut self, block: u32, order: u8) {
        self.mark(block, order | FREE);
        if let Some(list) = self.free.get_mut(usize::from(order)) {
            list.push(block);
        }
    }

    fn mark(&mut self, block: u32, mark: u8) {
        if let Some(state) = self.state.get_mut(block as usize) {
            *state = mark;
        }
    }
}

fn order_for(length: usize) -> Option<u8> {
    (0..=TOP).find(|order| SMALLEST << order >= length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slab(bytes: usize) -> Slab {
        Slab::new(Box::new(vec![0; bytes]))
    }

    #[test]
    fn a_loan_grows_cuts_and_is_wiped() {
        let mut slab = slab(2 * LARGEST);
        let mut loan = slab.lend(b"head|chunk|tail").expect("memory is left");
        slab.cut(&mut loan, 4, 7);
        assert_eq!(slab.bytes(&loan), b"headtail");
        assert!(slab.append(&mut loan, &[b'x'; 5000]));
        assert_eq!(slab.bytes(&loan).len(), 5008);
        assert!(slab.bytes(&loan).starts_with(b"headtailx"));
        slab.release(loan);
        assert_eq!(slab.in_use(), 0);
        assert!((*slab.memory).as_ref().iter().all(|byte| *byte == 0), "released memory still holds payload");
    }

    #[test]
    fn memory_is_bounded_and_comes_back_whole() {
        let mut slab = slab(LARGEST);
        let loans: Vec<Loan> = std::iter::from_fn(|| slab.lend(&[7; SMALLEST])).collect();
        assert_eq!(loans.len(), LARGEST / SMALLEST);
        assert!(slab.lend(&[1]).is_none());
        loans.into_iter().for_each(|loan| slab.release(loan));
        let whole = slab.lend(&vec![1; LARGEST]).expect("blocks joined again");
        assert!(slab.lend(&[1]).is_none());
        slab.release(whole);
        assert!(slab.lend(&vec![1; LARGEST + 1]).is_none());
    }

    #[test]
    fn taking_from_the_front_leaves_nothing_behind() {
        let mut slab = slab(LARGEST);
        let mut loan = slab.lend(b"first|second|third").expect("memory is left");
        slab.cut(&mut loan, 0, 6);
        slab.cut(&mut loan, 7, 5);
        assert_eq!(slab.bytes(&loan), b"second|");
        for _ in 0..200 {
            assert!(slab.append(&mut loan, b"0123456789"));
            slab.cut(&mut loan, 0, 10);
        }
        assert_eq!((slab.bytes(&loan), slab.in_use()), (&b"3456789"[..], SMALLEST));
        slab.release(loan);
        assert!((*slab.memory).as_ref().iter().all(|byte| *byte == 0), "released memory still holds payload");
    }

    proptest! {
        #[test]
        fn loans_never_overlap(sizes in prop::collection::vec((0usize..6000, any::<u8>(), any::<prop::sample::Index>()), 1..60)) {
            let mut slab = slab(LARGEST);
            let mut held: Vec<(Loan, Vec<u8>)> = Vec::new();
            for (size, fill, which) in sizes {
                if size % 3 == 0 && !held.is_empty() {
                    let (loan, _) = held.swap_remove(which.index(held.len()));
                    slab.release(loan);
                } else if let Some(loan) = slab.lend(&vec![fill; size]) {
                    held.push((loan, vec![fill; size]));
                }
                for (loan, bytes) in &held {
                    prop_assert_eq!(slab.bytes(loan), &bytes[..]);
                }
            }
        }
    }
}
