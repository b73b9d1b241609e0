//! tmp
#[derive(Debug)]
pub(super) struct Answers;
pub(super) struct LiveVerifiers;
impl super::Runner<'_> {
    pub(super) fn run_verifiers(&mut self) -> crate::Result<()> {
        Ok(())
    }
    pub(super) fn verified(&mut self, _: Answers) -> crate::Result<()> {
        Ok(())
    }
}
