//! Agents: registering, finding and managing them.

mod answer;
mod connect;
mod connection_token;
mod fields;
mod keys;
mod list;
mod manage;
mod me;
mod register;
mod resolve;
mod sendable;

use crate::http::Services;

/// The operations of this subject. Literal paths come before `/agents/{id}`, which would swallow them.
pub fn configure(services: &mut Services<'_>) {
    services
        .service(register::register)
        .service(connect::connect)
        .service(me::me)
        .service(resolve::resolve)
        .service(sendable::sendable)
        .service(list::list)
        .service(manage::get_one)
        .service(manage::update)
        .service(manage::delete_one)
        .service(manage::disconnect)
        .service(connection_token::issue)
        .service(keys::create)
        .service(keys::list)
        .service(keys::revoke);
}
