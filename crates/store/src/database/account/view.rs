//! Saved views: addresses of pages that somebody gave a title.

use super::super::engine::Row;
use super::super::row::{self, Cells, Misfit};
use super::super::schema::account::VIEW;
use super::super::{Database, StoreError};
use super::{has, maybe_id, maybe_text};
use sea_query::{Expr, ExprTrait as _};
use wardlight_model::{Id, Time};

/// A page as somebody wants to see it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its lasting name.
    pub id: Id,
    /// Whose it is; none: everybody's who has `role`.
    pub account: Option<Id>,
    /// Whose it is when it is nobody's own; none then: everybody's.
    pub role: Option<String>,
    /// The page it is a view of.
    pub page: String,
    /// What it is called.
    pub title: String,
    /// The page's address with what it filters and orders by.
    pub address: String,
    /// When it was made.
    pub made: Time,
}

impl Database {
    /// The views of `page` for `account` with these `roles`, by id: its own and those it shares with others.
    pub async fn views(&self, account: Id, roles: &[&str], page: &str) -> Result<Vec<View>, StoreError> {
        let of_role = Expr::col("role").is_in(roles.iter().map(|role| row::text(role)));
        let is_shared = Expr::col("account").is_null().and(Expr::col("role").is_null().or(of_role));
        let is_here = Expr::col("page").eq(row::text(page));
        self.matching(&VIEW, is_here.and(has("account", account).or(is_shared)), Cells::view).await
    }

    /// The view called `id`, whoever's it is.
    pub async fn view(&self, id: Id) -> Result<Option<View>, StoreError> {
        Ok(self.matching(&VIEW, has("id", id), Cells::view).await?.pop())
    }

    /// Writes `view`, new or changed.
    pub async fn put_view(&self, view: &View) -> Result<(), StoreError> {
        self.put_row(&VIEW, view.row()).await
    }

    /// Removes the view.
    pub async fn drop_view(&self, id: Id) -> Result<(), StoreError> {
        self.drop_rows(&VIEW, has("id", id)).await.map(drop)
    }
}

impl View {
    fn row(&self) -> Row {
        vec![
            row::blob(&self.id.0),
            maybe_id(self.account),
            maybe_text(self.role.as_deref()),
            row::text(&self.page),
            row::text(&self.title),
            row::text(&self.address),
            row::int(self.made.micros()),
        ]
    }
}

impl Cells {
    fn view(mut self) -> Result<View, Misfit> {
        Ok(View {
            id: self.id()?,
            account: self.maybe_id()?,
            role: self.maybe_text()?,
            page: self.text()?,
            title: self.text()?,
            address: self.text()?,
            made: self.time()?,
        })
    }
}
