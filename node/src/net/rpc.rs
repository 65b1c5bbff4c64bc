//! The two request protocols: one for small urgent things, one for pages, so that pages never block the former.
//!
//! A frame is a little-endian `u32` length and a borsh body; a stream carries one request and one answer. Decoding
//! runs in the connection's task, not in the swarm's.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use borsh::{BorshDeserialize, BorshSerialize};
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::StreamProtocol;
use sampan_proto::ids::ChainId;
use sampan_proto::wire::{Request, Response};
use sampan_proto::{codec, limits};

use super::NetError;

/// One of the two protocols.
pub(super) type Behaviour = request_response::Behaviour<Codec>;
/// What it reports.
pub(super) type Event = request_response::Event<Metered<Query>, Metered<Response>>;
/// Where an answer goes.
pub(super) type ResponseChannel = request_response::ResponseChannel<Metered<Response>>;

/// Streams on one connection, theirs and ours together. Ours are half of them (see `exchange`).
pub(super) const STREAMS: usize = 16;

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Status and liveness repair.
    Small,
    /// Pages of blocks and documents.
    Bulk,
}

impl Weight {
    pub(super) const fn of(request: &Request) -> Self {
        match request {
            Request::Status | Request::Round(_) => Self::Small,
            Request::Blocks { .. }
            | Request::Documents(_)
            | Request::Snapshot
            | Request::State(_)
            | Request::Past { .. } => Self::Bulk,
        }
    }

    /// The protocol's name on the wire.
    pub(super) fn protocol(self, chain: ChainId) -> Result<StreamProtocol, NetError> {
        let name = match self {
            Self::Small => "small",
            Self::Bulk => "bulk",
        };
        StreamProtocol::try_from_owned(format!("/sampan/{}/{name}/1", chain.0.short()))
            .map_err(|error| NetError::Setup(error.to_string()))
    }

    pub(super) fn behaviour(self, chain: ChainId, timeout: Duration) -> Result<Behaviour, NetError> {
        let config = request_response::Config::default()
            .with_request_timeout(timeout)
            // The default is 100, each of which may hold a page.
            .with_max_concurrent_streams(STREAMS);
        let protocols = [(self.protocol(chain)?, ProtocolSupport::Full)];
        Ok(request_response::Behaviour::with_codec(Codec(self), protocols, config))
    }
}

/// What came where a request should: a request, or nothing of the kind. The library swallows a request that its codec
/// fails on, and with it the chance to blame somebody; so rubbish is passed on as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    Request(Request),
    Rubbish,
}

/// A message with a meter that shows its size once it was read or written. The swarm task never encodes, so it learns
/// what an answer weighs only through this.
#[derive(Clone, Debug)]
pub(super) struct Metered<T> {
    pub(super) message: T,
    meter: Arc<AtomicU64>,
}

impl<T> Metered<T> {
    /// A message to send; its size will be added to the meter.
    pub(super) fn new(message: T, meter: Arc<AtomicU64>) -> Self {
        Self { message, meter }
    }

    /// The size of a message that was received.
    pub(super) fn bytes(&self) -> u64 {
        self.meter.load(Ordering::Relaxed)
    }
}

/// Reads and writes frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codec(Weight);

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Metered<Query>;
    type Response = Metered<Response>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Self::Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        match read::<Request, T>(io, limits::REQUEST_BYTES).await {
            // A page request on the small protocol would dodge the quotas of the other.
            Ok(Metered { message, meter }) if Weight::of(&message) == self.0 => {
                Ok(Metered { message: Query::Request(message), meter })
            }
            Ok(Metered { meter, .. }) => Ok(Metered { message: Query::Rubbish, meter }),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Ok(Metered::new(Query::Rubbish, Arc::default()))
            }
            // A stream that ends early may be a crash.
            Err(error) => Err(error),
        }
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Self::Response>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, limits::PAGE_BYTES).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, request: Self::Request) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let Metered { message: Query::Request(request), meter } = request else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        write(io, &Metered::new(request, meter), limits::REQUEST_BYTES).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, response: Self::Response) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &response, limits::PAGE_BYTES).await
    }
}

async fn read<M, T>(io: &mut T, limit: usize) -> io::Result<Metered<M>>
where
    M: BorshDeserialize,
    T: AsyncRead + Unpin + Send,
{
    let mut body = Vec::new();
    read_frame(io, limit, &mut body).await?;
    let message = codec::decode(&body, limit).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Metered { message, meter: Arc::new(AtomicU64::new(body.len() as u64)) })
}

/// Reads one frame into `body`, which grows with what has arrived: a length alone reserves nothing.
async fn read_frame<T: AsyncRead + Unpin + Send>(io: &mut T, limit: usize, body: &mut Vec<u8>) -> io::Result<()> {
    let mut prefix = [0; 4];
    io.read_exact(&mut prefix).await?;
    let length = u32::from_le_bytes(prefix);
    if usize::try_from(length).map_or(true, |length| length > limit) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{length} bytes, at most {limit} allowed")));
    }
    let read = io.take(u64::from(length)).read_to_end(body).await?;
    if read as u64 == u64::from(length) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

async fn write<M, T>(io: &mut T, metered: &Metered<M>, limit: usize) -> io::Result<()>
where
    M: BorshSerialize + Sync,
    T: AsyncWrite + Unpin + Send,
{
    let body = codec::encode(&metered.message);
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= limit);
    let Some(length) = length else {
        // Our own mistake: better an ended stream than a peer that blames us.
        tracing::error!(bytes = body.len(), limit, "refusing to send an oversize frame");
        return Err(io::ErrorKind::InvalidInput.into());
    };
    metered.meter.fetch_add(u64::from(length), Ordering::Relaxed);
    io.write_all(&length.to_le_bytes()).await?;
    io.write_all(&body).await
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures::FutureExt as _;
    use futures::io::Cursor;
    use libp2p::request_response::Codec as _;
    use sampan_proto::hash::Hash32;
    use sampan_proto::ids::{EnvelopeId, Height};

    use super::*;

    const NAME: StreamProtocol = StreamProtocol::new("/test");

    fn frame(length: usize, body: &[u8]) -> Vec<u8> {
        [&u32::try_from(length).expect("small").to_le_bytes(), body].concat()
    }

    /// Gives what it holds, then nothing more, without ending.
    struct Trickle(Cursor<Vec<u8>>);

    impl AsyncRead for Trickle {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
            match Pin::new(&mut self.0).poll_read(cx, buffer) {
                Poll::Ready(Ok(0)) => Poll::Pending,
                other => other,
            }
        }
    }

    #[test]
    fn a_length_without_content_reserves_nothing() {
        let (limit, mut body) = (limits::PAGE_BYTES, Vec::new());
        let mut io = Trickle(Cursor::new(frame(limit, b"ten bytes!")));
        assert!(read_frame(&mut io, limit, &mut body).now_or_never().is_none(), "still waiting for the rest");
        assert_eq!(body.get(..10), Some(b"ten bytes!".as_slice()));
        assert!(body.capacity() < 1024, "{} bytes reserved", body.capacity());

        let mut io = Trickle(Cursor::new(frame(limit, b"")[..3].to_vec()));
        assert!(read_frame(&mut io, limit, &mut Vec::new()).now_or_never().is_none(), "a prefix may come in parts");
    }

    #[test]
    fn frames_are_capped_exact_and_complete() {
        let read = |bytes: Vec<u8>| {
            let mut body = Vec::new();
            let result = read_frame(&mut Cursor::new(bytes), 10, &mut body).now_or_never().expect("ready");
            result.map(|()| body).map_err(|error| error.kind())
        };
        assert_eq!(read(frame(10, &[7; 10])), Ok(vec![7; 10]));
        assert_eq!(read(frame(11, &[7; 11])), Err(io::ErrorKind::InvalidData));
        assert_eq!(read(frame(10, &[7; 9])), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(read(vec![0xff; 4]), Err(io::ErrorKind::InvalidData));
    }

    #[test]
    fn a_request_travels_only_on_its_own_protocol() {
        let page = Request::Blocks { from: Height(1), count: 1 };
        let wire = |request: &Request| {
            let body = codec::encode(request);
            frame(body.len(), &body)
        };
        let read = |weight, bytes| {
            let mut io = Cursor::new(bytes);
            let result = Codec(weight).read_request(&NAME, &mut io).now_or_never().expect("ready");
            result.map(|query| (query.bytes(), query.message)).map_err(|error| error.kind())
        };
        assert_eq!(read(Weight::Bulk, wire(&page)), Ok((11, Query::Request(page.clone()))));
        assert_eq!(read(Weight::Small, wire(&page)), Ok((11, Query::Rubbish)));
        assert_eq!(read(Weight::Small, wire(&Request::Status)), Ok((1, Query::Request(Request::Status))));
        assert_eq!(read(Weight::Small, frame(3, &[9, 9, 9])), Ok((0, Query::Rubbish)));
        assert_eq!(read(Weight::Small, frame(usize::MAX >> 32, &[])), Ok((0, Query::Rubbish)));
        assert_eq!(read(Weight::Small, frame(3, &[9])), Err(io::ErrorKind::UnexpectedEof), "cut short is no fault");
    }

    #[test]
    fn the_largest_lawful_request_fits_and_a_larger_one_is_not_sent() {
        let write = |ids: usize| {
            let request = Query::Request(Request::Documents(vec![EnvelopeId(Hash32::ZERO); ids]));
            let request = Metered::new(request, Arc::default());
            let mut io = Vec::new();
            let result = Codec(Weight::Bulk).write_request(&NAME, &mut io, request.clone()).now_or_never();
            (result.expect("ready").map_err(|error| error.kind()), io.len() as u64, request.bytes())
        };
        let (result, sent, metered) = write(limits::BLOCK_STATEMENTS);
        assert_eq!((result, sent), (Ok(()), metered + 4));
        assert_eq!(write(limits::BLOCK_STATEMENTS + 100), (Err(io::ErrorKind::InvalidInput), 0, 0));
    }
}
