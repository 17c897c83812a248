mod grants;
mod reads;
mod rows;
mod writes;

pub(super) use rows::TransferRow;

use super::{Db, Session, key, presigned, schema};
