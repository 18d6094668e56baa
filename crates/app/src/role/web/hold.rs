//! Connections to the pages: not more than so many at one time, in all and of one address, and none that only waits.
//!
//! In: connections. Out: those whose TLS handshake ended and whose first request began in time; the others are closed. One
//! that is closed before its handshake ended hears no word of it: there is no session yet in which to say so
//! (RFC 8446 §6.1), and some clients call that an EOF in violation of the protocol.

use axum_server::accept::Accept;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Bytes by which it shows whether HTTP/2 is spoken (RFC 9113 §3.4); until then nobody else looks at the clock.
const PREFACE: usize = 24;

/// A connection that comes from somewhere.
pub trait Comes {
    /// From which address; none when it is not known.
    fn address(&self) -> Option<IpAddr>;
}

impl Comes for TcpStream {
    fn address(&self) -> Option<IpAddr> {
        self.peer_addr().ok().map(|peer| peer.ip())
    }
}

/// Accepts as `inner` does, as long as there are places.
#[derive(Clone)]
pub struct Bounded<A> {
    inner: A,
    places: Arc<Semaphore>,
    shares: Shares,
    patience: Duration,
}

/// How many places each address has, and how many it may have.
#[derive(Clone)]
struct Shares(Arc<Mutex<HashMap<IpAddr, usize>>>, usize);

/// A place of an address; given back at the end.
struct Share(Shares, IpAddr);

impl Shares {
    /// Errors: the address has all that it may have.
    fn take(&self, address: IpAddr) -> io::Result<Share> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_insert(0);
        if *count >= self.1 {
            return Err(io::Error::other("too many connections of one address"));
        }
        *count += 1;
        Ok(Share(self.clone(), address))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = held.get(&self.1).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            held.remove(&self.1)
        } else {
            held.insert(self.1, left)
        };
    }
}

impl<A> Bounded<A> {
    /// At most `most` at one time, `each` of one address other than this machine's, each of which must say something
    /// within `patience`.
    pub fn new(inner: A, [most, each]: [usize; 2], patience: Duration) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(most)), shares: Shares(Arc::default(), each), patience }
    }
}

impl<A, I, S> Accept<I, S> for Bounded<A>
where
    I: Comes,
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Held<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        // Taken before the handshake, which costs more than all that comes later.
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| io::Error::other("too many connections"));
        let address = stream.address().filter(|address| !address.is_loopback());
        let place = place.and_then(|place| Ok((place, address.map(|address| self.shares.take(address)).transpose()?)));
        let accepted = place.map(|place| (self.inner.accept(stream, service), place));
        let patience = self.patience;
        Box::pin(async move {
            let (accepted, place) = accepted?;
            let (stream, service) = accepted.await?;
            let waits = Some((Box::pin(sleep(patience)), 0));
            Ok((Held { stream, waits, _place: place }, service))
        })
    }
}

/// A connection in its place.
pub struct Held<S> {
    stream: S,
    /// Until when it must have said how it speaks, and how many bytes it said.
    waits: Option<(Pin<Box<Sleep>>, usize)>,
    _place: (OwnedSemaphorePermit, Option<Share>),
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        let Some((until, said)) = &mut self.waits else { return read };
        *said += into.filled().len() - before;
        if *said >= PREFACE {
            self.waits = None;
        } else if read.is_pending() && until.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum_server::accept::DefaultAcceptor;
    use tokio::io::duplex;

    impl Comes for tokio::io::DuplexStream {
        fn address(&self) -> Option<IpAddr> {
            None
        }
    }

    #[test]
    fn an_address_has_its_share_and_no_more() {
        let shares = Shares(Arc::default(), 2);
        let [one, other] = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])];
        let first = shares.take(one).expect("a place");
        let _second = shares.take(one).expect("another");
        assert!(shares.take(one).is_err());
        assert!(shares.take(other).is_ok(), "others have theirs");
        drop(first);
        assert!(shares.take(one).is_ok());
        assert_eq!(shares.0.lock().expect("held").len(), 1, "who has gone is forgotten");
    }

    async fn read(held: &mut Held<tokio::io::DuplexStream>) -> io::Result<usize> {
        let mut bytes = [0; 64];
        let mut into = ReadBuf::new(&mut bytes);
        std::future::poll_fn(|context| Pin::new(&mut *held).poll_read(context, &mut into)).await?;
        Ok(into.filled().len())
    }

    async fn write(to: &mut tokio::io::DuplexStream, bytes: &[u8]) {
        std::future::poll_fn(|context| Pin::new(&mut *to).poll_write(context, bytes)).await.expect("written");
    }

    #[tokio::test]
    async fn who_finds_no_place_is_turned_away_until_another_goes() {
        let door = Bounded::new(DefaultAcceptor, [1, 1], Duration::from_secs(9));
        let (here, _there) = duplex(64);
        let first = door.accept(here, ()).await.expect("a place");
        assert!(door.accept(duplex(64).0, ()).await.is_err());
        drop(first);
        assert!(door.accept(duplex(64).0, ()).await.is_ok());
    }

    #[tokio::test]
    async fn who_says_nothing_or_too_little_is_let_go_and_who_spoke_may_wait() {
        let door = Bounded::new(DefaultAcceptor, [9, 9], Duration::from_millis(50));
        for said in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
            let (here, mut there) = duplex(64);
            let (mut held, ()) = door.accept(here, ()).await.expect("a place");
            if !said.is_empty() {
                write(&mut there, said).await;
                assert_eq!(read(&mut held).await.expect("read"), said.len());
            }
            assert_eq!(read(&mut held).await.expect_err("too late").kind(), io::ErrorKind::TimedOut);
        }
        let (here, mut there) = duplex(64);
        let (mut held, ()) = door.accept(here, ()).await.expect("a place");
        write(&mut there, &[b'x'; PREFACE]).await;
        assert_eq!(read(&mut held).await.expect("read"), PREFACE);
        let waiting = tokio::time::timeout(Duration::from_millis(200), read(&mut held)).await;
        assert!(waiting.is_err(), "nobody looks at the clock any more");
    }
}
