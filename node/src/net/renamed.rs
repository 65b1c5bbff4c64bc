//! A behaviour under another protocol name.
//!
//! Two gossipsub instances on one connection need two names. gossipsub's own option for that
//! (`ConfigBuilder::protocol_id`) knows the versions 1.0 and 1.1 only, and `IDONTWANT` is sent to peers of 1.2 alone:
//! with it, every document would cross every mesh link. So gossipsub negotiates `/meshsub/1.2.0` as far as it knows,
//! and this wrapper gives that a name of ours on the wire, and hides the versions that it would fall back to.

use std::task::{Context, Poll};

use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::core::{Endpoint, transport::PortUse};
use libp2p::swarm::handler::{
    ConnectionEvent, ConnectionHandler, ConnectionHandlerEvent, DialUpgradeError, FullyNegotiatedInbound,
    FullyNegotiatedOutbound, InboundUpgradeSend, ListenUpgradeError, OutboundUpgradeSend, UpgradeInfoSend,
};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, Stream, StreamProtocol, SubstreamProtocol, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

/// The one protocol that is offered, under another name.
const OFFICIAL: &str = "/meshsub/1.2.0";

/// A behaviour whose `/meshsub/1.2.0` has another name on the wire.
pub(super) struct Renamed<B> {
    pub(super) inner: B,
    name: StreamProtocol,
}

impl<B> Renamed<B> {
    pub(super) fn new(inner: B, name: StreamProtocol) -> Self {
        Self { inner, name }
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Renamed<B> {
    type ConnectionHandler = RenamedHandler<THandler<B>>;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(id, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self.inner.handle_established_inbound_connection(id, peer, local, remote)?;
        Ok(RenamedHandler { inner, name: self.name.clone() })
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(id, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self.inner.handle_established_outbound_connection(id, peer, address, role, port_use)?;
        Ok(RenamedHandler { inner, name: self.name.clone() })
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        self.inner.on_connection_handler_event(peer, id, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(cx)
    }
}

/// The wrapped behaviour's handler; only its protocols change.
pub(super) struct RenamedHandler<H> {
    inner: H,
    name: StreamProtocol,
}

impl<H: ConnectionHandler> ConnectionHandler for RenamedHandler<H> {
    type FromBehaviour = H::FromBehaviour;
    type ToBehaviour = H::ToBehaviour;
    type InboundProtocol = RenamedUpgrade<H::InboundProtocol>;
    type OutboundProtocol = RenamedUpgrade<H::OutboundProtocol>;
    type InboundOpenInfo = H::InboundOpenInfo;
    type OutboundOpenInfo = H::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        let name = self.name.clone();
        self.inner.listen_protocol().map_upgrade(|inner| RenamedUpgrade { inner, name })
    }

    fn connection_keep_alive(&self) -> bool {
        self.inner.connection_keep_alive()
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        let name = &self.name;
        self.inner.poll(cx).map(|event| event.map_protocol(|inner| RenamedUpgrade { inner, name: name.clone() }))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.inner.poll_close(cx)
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        self.inner.on_behaviour_event(event);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            '_,
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        // Outputs and errors are the wrapped protocol's own; only the event's type names the wrapper.
        self.inner.on_connection_event(match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info }) => {
                ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info })
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info }) => {
                ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info })
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error })
            }
            ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info, error }) => {
                ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info, error })
            }
            ConnectionEvent::AddressChange(change) => ConnectionEvent::AddressChange(change),
            ConnectionEvent::LocalProtocolsChange(change) => ConnectionEvent::LocalProtocolsChange(change),
            ConnectionEvent::RemoteProtocolsChange(change) => ConnectionEvent::RemoteProtocolsChange(change),
            _ => return,
        });
    }
}

/// The wrapped protocol, offered as one name.
pub(super) struct RenamedUpgrade<U> {
    inner: U,
    name: StreamProtocol,
}

/// What the wrapped protocol calls it, and what the wire does.
#[derive(Clone)]
pub(super) struct RenamedInfo<I> {
    inner: I,
    name: StreamProtocol,
}

impl<I> AsRef<str> for RenamedInfo<I> {
    fn as_ref(&self) -> &str {
        self.name.as_ref()
    }
}

impl<U: UpgradeInfoSend> UpgradeInfo for RenamedUpgrade<U> {
    type Info = RenamedInfo<U::Info>;
    type InfoIter = Vec<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        let official = self.inner.protocol_info().filter(|info| info.as_ref() == OFFICIAL);
        official.map(|inner| RenamedInfo { inner, name: self.name.clone() }).collect()
    }
}

impl<U: InboundUpgradeSend> InboundUpgrade<Stream> for RenamedUpgrade<U> {
    type Output = U::Output;
    type Error = U::Error;
    type Future = U::Future;

    fn upgrade_inbound(self, socket: Stream, info: Self::Info) -> Self::Future {
        self.inner.upgrade_inbound(socket, info.inner)
    }
}

impl<U: OutboundUpgradeSend> OutboundUpgrade<Stream> for RenamedUpgrade<U> {
    type Output = U::Output;
    type Error = U::Error;
    type Future = U::Future;

    fn upgrade_outbound(self, socket: Stream, info: Self::Info) -> Self::Future {
        self.inner.upgrade_outbound(socket, info.inner)
    }
}
