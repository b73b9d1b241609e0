//! A client of a server in this process.

use std::io::{self, PipeReader};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use alfine_lsp::protocol::{ClientSocket, LanguageServer, LspService};
use alfine_lsp::transport::{Ended, Options, serve};
pub(crate) use alfine_tests::client::{Client, frame, read_message};
use alfine_tests::meta_model::MetaModel;

/// A server in this process, with both ends of its pipes in the test's hands.
pub(crate) struct Bare {
    pub input: io::PipeWriter,
    pub output: PipeReader,
    pub ended: Receiver<Ended>,
}

impl Bare {
    /// Serves in this process.
    pub(crate) fn serve<S: LanguageServer>(
        make: impl FnOnce() -> (LspService<S>, ClientSocket) + Send + 'static,
        options: Options,
    ) -> Self {
        let (from_client, input) = io::pipe().unwrap();
        let (output, to_client) = io::pipe().unwrap();
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(2).enable_all().build().unwrap();
            let (service, socket) = runtime.block_on(async { make() });
            let result = serve(runtime.handle(), service, socket, options, from_client, to_client).unwrap();
            runtime.shutdown_background();
            let _ = end.send(result);
        });
        Self { input, output, ended }
    }
}

/// A client of a server in this process.
pub(crate) fn client_of<S: LanguageServer>(
    make: impl FnOnce() -> (LspService<S>, ClientSocket) + Send + 'static,
    options: Options,
) -> Client {
    let Bare { input, output, ended } = Bare::serve(make, options);
    let (end, status) = mpsc::channel();
    thread::spawn(move || ended.recv().map(|ended| end.send(ended.code().into())));
    Client::over(input, output, std::process::id(), status).with_model(model())
}

/// A client of the tests' server in a process of its own.
pub(crate) fn client_of_process(command: &mut Command) -> Client {
    Client::of_process(command.stderr(Stdio::null())).with_model(model())
}

/// The meta-model, with the methods of the tests' server.
fn model() -> &'static MetaModel {
    static MODEL: LazyLock<MetaModel> = LazyLock::new(|| {
        let mut model = MetaModel::standard();
        model.add(include_str!("test-server.json"));
        model
    });
    &MODEL
}
