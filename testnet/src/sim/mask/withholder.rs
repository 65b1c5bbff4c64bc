//! The withholder: it proposes, and keeps what it proposes to itself.

use sampan_node::net::Topic;
use sampan_proto::wire::Request;

use super::Message;

pub(super) fn says(message: &Message) -> Vec<Message> {
    if message.0 == Topic::Documents { Vec::new() } else { vec![message.clone()] }
}

pub(super) const fn answers(request: &Request) -> bool {
    !matches!(request, Request::Documents(_) | Request::Blocks { .. } | Request::Past { .. })
}
