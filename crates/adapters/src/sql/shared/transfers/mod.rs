mod grants;
mod reads;
mod rows;
mod writes;

use super::{Db, Session, key, presigned, schema};
