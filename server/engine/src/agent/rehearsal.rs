//! x
use super::*;
pub(super) struct Rehearsal;
impl Adapter for Rehearsal {
    fn name(&self) -> &'static str {
        "rehearsal"
    }
    fn invocation(&self, _: &Request) -> Result<Invocation, InvocationError> {
        Ok(Invocation::default())
    }
    fn decoder(&self, p: &PriorSession) -> Box<dyn Decoder> {
        super::command::Command.decoder(p)
    }
    fn login_hint(&self) -> &'static str {
        ""
    }
    fn own_env(&self) -> &'static [&'static str] {
        &[]
    }
    fn probe(&self, _: Option<&str>) -> Option<Result<Invocation, InvocationError>> {
        None
    }
    fn install_hint(&self) -> &'static str {
        ""
    }
}
