//! Who accounts are at other houses that vouch for people (OpenID Connect Core 1.0 §5.7: issuer and subject).

use super::super::row::{self, Cells, Misfit};
use super::super::schema::account::IDENTITY;
use super::super::{Database, StoreError, statement};
use super::{has, hold};
use sea_query::{Expr, ExprTrait as _};
use wardlight_model::{Id, Time};

/// An account as another house knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The house that vouches.
    pub issuer: String,
    /// Whom it means, for ever.
    pub subject: String,
    /// The account here.
    pub account: Id,
    /// Since when.
    pub made: Time,
}

impl Database {
    /// The identity of `subject` at `issuer`.
    pub async fn identity(&self, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError> {
        Ok(self.matching(&IDENTITY, is(issuer, subject), Cells::identity).await?.pop())
    }

    /// The identities of `account`, by issuer.
    pub async fn identities(&self, account: Id) -> Result<Vec<Identity>, StoreError> {
        self.matching(&IDENTITY, has("account", account), Cells::identity).await
    }

    /// Writes `identity`. False, and nothing is written, when it means an account already: of two at once, one is true.
    pub async fn put_identity(&self, identity: &Identity) -> Result<bool, StoreError> {
        let mut session = self.engine.write().await?;
        hold(&mut session).await?;
        let mut taken = statement::select(&IDENTITY);
        taken.and_where(is(&identity.issuer, &identity.subject));
        if !session.rows(&taken, IDENTITY.columns).await?.is_empty() {
            return Ok(false);
        }
        let row = vec![
            row::text(&identity.issuer),
            row::text(&identity.subject),
            row::blob(&identity.account.0),
            row::int(identity.made.micros()),
        ];
        statement::write(&mut session, &IDENTITY, [row]).await?;
        session.commit().await?;
        Ok(true)
    }

    /// From now on nobody elsewhere is `account`.
    pub async fn drop_identities(&self, account: Id) -> Result<(), StoreError> {
        self.drop_rows(&IDENTITY, has("account", account)).await.map(drop)
    }
}

fn is(issuer: &str, subject: &str) -> Expr {
    Expr::col("issuer").eq(row::text(issuer)).and(Expr::col("subject").eq(row::text(subject)))
}

impl Cells {
    fn identity(mut self) -> Result<Identity, Misfit> {
        Ok(Identity { issuer: self.text()?, subject: self.text()?, account: self.id()?, made: self.time()? })
    }
}
