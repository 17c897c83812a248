//! How connections reach the application: the socket, TLS, and what is looked at before HTTP is spoken.

mod connection;
mod requests;
#[cfg(test)]
mod tests;
mod unframed;

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Request, Response};
use actix_server::ServerBuilder;
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Service};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use connection::Connection;
use requests::{Answering, Requests};

#[cfg(feature = "fuzzing")]
pub use unframed::{MAX_HEAD_BYTES, Unframed};

/// For how long a client may take nothing of an answer.
const MAX_STALL: Duration = Duration::from_secs(120);

/// A bound socket, and how it is spoken on.
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// With TLS, if there is a configuration for it.
    pub tls: Option<Arc<ServerConfig>>,
}

/// How long clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a TLS handshake.
    pub handshake: Duration,
    /// For the head of a connection's first request.
    pub head: Duration,
    /// For the head of a later one, from its first bytes.
    pub later_head: Duration,
    /// Between two requests on one connection.
    pub keep_alive: Duration,
    /// For taking the end of a connection.
    pub close: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(5),
            later_head: Duration::from_secs(5),
            keep_alive: Duration::from_secs(5),
            close: Duration::from_secs(1),
        }
    }
}

/// A connection in clear, or within TLS.
type Transport = Either<TcpStream, TlsStream<TcpStream>>;

/// Serves an application on a listener. `HttpServer` does the same for bare sockets, but lets nothing stand
/// between a socket and the HTTP parser.
///
/// # Errors
/// If the socket can't be listened on.
pub fn listen<F, I, S, B>(
    builder: ServerBuilder,
    listener: Listener,
    patience: Patience,
    app: F,
) -> io::Result<ServerBuilder>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Future: 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let address = listener.socket.local_addr()?;
    let acceptor = listener.tls.map(TlsAcceptor::from);
    let shutdown = builder.graceful_shutdown_signal();
    builder.listen(format!("http-{address}"), listener.socket, move || {
        let shutdown = shutdown.clone();
        let app = app().into_factory().map_err(|error| error.into().error_response());
        let app = map_config(app, |()| AppConfig::default());
        let counted = apply_fn_factory(app, |request: Request, app: &_| {
            let running = request.conn_data().map(Requests::begin);
            let answer = Service::call(app, request);
            async move {
                let answer: Response<B> = answer.await?.into();
                Ok(answer.map_body(|_, body| Answering { body: body.boxed(), running }))
            }
        });
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let shutdown = shutdown.clone();
                async move { shutdown.notified().await }
            })
            .keep_alive(KeepAlive::Timeout(patience.keep_alive))
            .client_request_timeout(patience.head)
            .client_disconnect_timeout(patience.close)
            .local_addr(address)
            .on_connect_ext(|connection: &Connection<Transport>, data| {
                data.insert(connection.requests());
            })
            .h1(counted);
        let acceptor = acceptor.clone();
        fn_service(move |stream: TcpStream| {
            let acceptor = acceptor.clone();
            async move {
                give_up_stalled(&stream);
                let peer = stream.peer_addr().ok();
                let transport = begin(acceptor, stream, patience.handshake).await;
                let transport =
                    transport.inspect_err(|error| tracing::debug!(%error, "no TLS was agreed on"))?;
                Ok::<_, DispatchError>((Connection::new(transport, patience.later_head), peer))
            }
        })
        .and_then(http)
    })
}

async fn begin(
    acceptor: Option<TlsAcceptor>,
    stream: TcpStream,
    patience: Duration,
) -> io::Result<Transport> {
    match acceptor {
        None => Ok(Either::Left(stream)),
        Some(acceptor) => Ok(Either::Right(timeout(patience, acceptor.accept(stream)).await??)),
    }
}

/// Has the system end a connection whose peer takes nothing of what is sent to it for [`MAX_STALL`], so that a
/// download that nobody reads holds no file and no memory for good.
fn give_up_stalled(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(MAX_STALL)) {
        tracing::warn!(%error, "a stalled connection will not be ended");
    }
}
