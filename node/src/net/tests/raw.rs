//! A peer of other software: it knows the request protocols' names and says on them whatever it likes.

use std::io;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, StreamExt as _};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Message, ProtocolSupport};
use libp2p::swarm::{StreamProtocol, SwarmEvent};
use libp2p::{Swarm, SwarmBuilder, noise, tcp, yamux};

use super::super::rpc::Weight;
use super::*;

/// Bytes as they are.
#[derive(Clone, Copy, Default)]
pub(super) struct RawCodec;

impl request_response::Codec for RawCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        read_all(io).await
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        read_all(io).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await
    }
}

async fn read_all<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

type Behaviour = request_response::Behaviour<RawCodec>;
type Event = SwarmEvent<request_response::Event<Vec<u8>, Vec<u8>>>;

pub(super) struct Raw {
    swarm: Swarm<Behaviour>,
}

impl Raw {
    /// A peer with this member's key, or a stranger's, that speaks one of the request protocols.
    pub(super) fn new(index: u8, weight: Weight) -> Self {
        let mut seed = *key(index).seed();
        let keys = Keypair::ed25519_from_bytes(&mut seed).expect("key");
        let protocol = (weight.protocol(CHAIN).expect("name"), ProtocolSupport::Full);
        let swarm = SwarmBuilder::with_existing_identity(keys)
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .expect("transport")
            .with_behaviour(|_| Behaviour::new([protocol], request_response::Config::default()))
            .expect("behaviour")
            .build();
        Self { swarm }
    }

    pub(super) async fn next(&mut self) -> Event {
        within(self.swarm.select_next_some()).await
    }

    pub(super) fn dial(&mut self, node: &Node) {
        self.swarm.dial(node.address.clone()).expect("dial");
    }

    pub(super) async fn connect(&mut self, node: &Node) {
        self.dial(node);
        while !matches!(self.next().await, SwarmEvent::ConnectionEstablished { .. }) {}
    }

    /// Sends bytes on a stream of its own; gives what came back before the stream ended, or none if it was reset.
    pub(super) async fn say(&mut self, peer: PeerId, bytes: Vec<u8>) -> Option<Vec<u8>> {
        self.swarm.behaviour_mut().send_request(&peer, bytes);
        loop {
            match self.next().await {
                SwarmEvent::Behaviour(request_response::Event::Message {
                    message: Message::Response { response, .. },
                    ..
                }) => return Some(response),
                SwarmEvent::Behaviour(request_response::Event::OutboundFailure { .. }) => return None,
                SwarmEvent::ConnectionClosed { .. } => panic!("a fault must not cost the connection"),
                _ => {}
            }
        }
    }

    /// Answers the next request with bytes.
    pub(super) async fn answer(&mut self, bytes: Vec<u8>) {
        loop {
            if let SwarmEvent::Behaviour(request_response::Event::Message {
                message: Message::Request { channel, .. },
                ..
            }) = self.next().await
            {
                return self.swarm.behaviour_mut().send_response(channel, bytes).expect("asker waits");
            }
        }
    }
}
