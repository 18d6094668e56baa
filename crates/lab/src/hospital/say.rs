//! What devices say, one module a field; each habit becomes conversations.

mod building;
mod clinical;
mod imaging;
mod laboratory;
mod network;
mod office;

use super::model::Habit;
use super::stage::Stage;
use super::talk::Talk;

/// Rows and columns of a small image.
pub(crate) const SMALL: u16 = 32;

/// The conversations of one occasion. Empty when whoever is spoken to is not there.
pub(crate) fn all(stage: &Stage<'_>, habit: Habit) -> Vec<Talk> {
    let said = match habit {
        Habit::Arrive => return network::arrive(stage),
        Habit::Discovered => return office::discovered(stage),
        Habit::Offer => return clinical::offer(stage),
        Habit::Neighbour6 => return network::neighbour6(stage),
        Habit::Link => return network::link(stage),
        Habit::Renew => network::renew(stage),
        Habit::Neighbour => network::neighbour(stage),
        Habit::Lookup => network::lookup(stage),
        Habit::Clock => network::clock(stage),
        Habit::Router6 => network::router6(stage),
        Habit::Announce => office::announce(stage),
        Habit::Polled => office::polled(stage),
        Habit::Page => office::page(stage),
        Habit::Call => office::call(stage),
        Habit::Sealed => office::sealed(stage),
        Habit::Login => office::login(stage),
        Habit::Names => office::names(stage),
        Habit::Log => office::log(stage),
        Habit::Register => building::register(stage),
        Habit::Bus => building::bus(stage),
        Habit::Building => building::answer(stage),
        Habit::Video => building::video(stage),
        Habit::Echo => imaging::echo(stage),
        Habit::Worklist => imaging::worklist(stage),
        Habit::Store => imaging::store(stage),
        Habit::Query => imaging::query(stage),
        Habit::Observe => clinical::observe(stage),
        Habit::Send => clinical::send(stage),
        Habit::Results => laboratory::results(stage),
        Habit::Meter => laboratory::meter(stage),
    };
    said.into_iter().collect()
}
