//! Plans from `[plans.NAME]` tables. A built-in plan takes the values that its table sets; a new plan sets
//! all of them.

use std::collections::BTreeMap;

use agentdrop_domain::plan::{Limit, Plan, PlanCatalogue, PlanName, RatesPerMinute};
use toml::Value;

use super::layers::nearest;
use super::size::{parse_bytes, parse_seconds, show_bytes, show_seconds};

/// The unit of a plan's value.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    Count,
    Bytes,
    Seconds,
}

impl Unit {
    /// What is allowed; reads on after "must be".
    pub fn allowed(self) -> &'static str {
        match self {
            Self::Count => "a whole number, or \"unlimited\" (also -1)",
            Self::Bytes => "a size such as \"50MB\" or a number of bytes, or \"unlimited\" (also -1)",
            Self::Seconds => {
                "a time such as \"24h\" or \"14d\" or a number of seconds, or \"unlimited\" (also -1)"
            }
        }
    }

    fn parse(self, value: &Value) -> Option<Limit> {
        match (self, value) {
            (_, Value::Integer(-1)) => Some(None),
            (_, Value::Integer(number)) => u64::try_from(*number).ok().map(Some),
            (_, Value::String(text)) if text == "unlimited" => Some(None),
            (Self::Bytes, Value::String(text)) => parse_bytes(text).map(Some),
            (Self::Seconds, Value::String(text)) => parse_seconds(text).map(Some),
            _ => None,
        }
    }

    fn show(self, limit: Limit) -> String {
        match (self, limit) {
            (_, None) => "unlimited".to_owned(),
            (Self::Count, Some(count)) => count.to_string(),
            (Self::Bytes, Some(bytes)) => show_bytes(bytes),
            (Self::Seconds, Some(seconds)) => show_seconds(seconds),
        }
    }
}

/// One value of a plan.
pub struct Field {
    /// Its path in the plan's table.
    pub toml: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// What it limits.
    pub doc: &'static str,
    slot: fn(&mut Plan) -> &mut Limit,
}

/// Every value of a plan, in the order of the documentation.
pub static FIELDS: [Field; 14] = [
    Field {
        toml: "transfers_per_month",
        unit: Unit::Count,
        doc: "Transfers a month.",
        slot: |plan| &mut plan.transfers_per_month,
    },
    Field {
        toml: "max_file_size",
        unit: Unit::Bytes,
        doc: "The largest single file.",
        slot: |plan| &mut plan.max_file_bytes,
    },
    Field {
        toml: "storage",
        unit: Unit::Bytes,
        doc: "The sum of active transfers.",
        slot: |plan| &mut plan.storage_bytes,
    },
    Field {
        toml: "max_retention",
        unit: Unit::Seconds,
        doc: "The longest time a transfer may stay.",
        slot: |plan| &mut plan.max_retention_seconds,
    },
    Field {
        toml: "max_api_keys",
        unit: Unit::Count,
        doc: "API keys that are not revoked.",
        slot: |plan| &mut plan.max_api_keys,
    },
    Field { toml: "max_agents", unit: Unit::Count, doc: "Agents.", slot: |plan| &mut plan.max_agents },
    Field {
        toml: "max_connections",
        unit: Unit::Count,
        doc: "Active connections and own open invites.",
        slot: |plan| &mut plan.max_connections,
    },
    Field {
        toml: "max_pairings_per_connection",
        unit: Unit::Count,
        doc: "Pending and active pairings in one connection.",
        slot: |plan| &mut plan.max_pairings_per_connection,
    },
    Field {
        toml: "rates_per_minute.create_transfer",
        unit: Unit::Count,
        doc: "Calls a minute that create transfers.",
        slot: |plan| &mut plan.rates.create_transfer,
    },
    Field {
        toml: "rates_per_minute.read_transfer",
        unit: Unit::Count,
        doc: "Calls a minute that list or get transfers (each).",
        slot: |plan| &mut plan.rates.read_transfer,
    },
    Field {
        toml: "rates_per_minute.download",
        unit: Unit::Count,
        doc: "Download calls a minute.",
        slot: |plan| &mut plan.rates.download,
    },
    Field {
        toml: "rates_per_minute.delete_transfer",
        unit: Unit::Count,
        doc: "Calls a minute that delete transfers.",
        slot: |plan| &mut plan.rates.delete_transfer,
    },
    Field {
        toml: "rates_per_minute.api_keys",
        unit: Unit::Count,
        doc: "Calls a minute that create or revoke API keys (each).",
        slot: |plan| &mut plan.rates.api_keys,
    },
    Field {
        toml: "rates_per_minute.other",
        unit: Unit::Count,
        doc: "All other calls a minute together.",
        slot: |plan| &mut plan.rates.other,
    },
];

impl Field {
    /// The plan's value as it may be written in a configuration file.
    pub fn show(&self, plan: &Plan) -> String {
        self.unit.show(*(self.slot)(&mut plan.clone()))
    }
}

/// The built-in plans as the `[plans]` table changes and extends them. Problems are added to the list.
pub(super) fn plans(table: &toml::Table, problems: &mut Vec<String>) -> BTreeMap<PlanName, Plan> {
    let mut plans: BTreeMap<PlanName, Plan> =
        PlanCatalogue::default_plans().into_iter().map(|plan| (plan.name.clone(), plan)).collect();
    for (name, value) in table {
        let (name, values) = match (PlanName::try_from(name.as_str()), value) {
            (Err(error), _) => {
                problems.push(format!("`plans.{name}`: the name of a plan {error}"));
                continue;
            }
            (Ok(_), value) if !value.is_table() => {
                problems.push(format!("`plans.{name}` must be a table, not a TOML {}", value.type_str()));
                continue;
            }
            (Ok(name), value) => (name, flat("", value)),
        };
        let built_in = plans.contains_key(&name);
        let plan = plans.entry(name).or_insert_with_key(|name| unlimited(name.clone()));
        apply(plan, &values, problems);
        if !built_in {
            require_all(plan, &values, problems);
        }
    }
    plans
}

fn apply(plan: &mut Plan, values: &BTreeMap<String, &Value>, problems: &mut Vec<String>) {
    let plan_name = plan.name.as_str().to_owned();
    for (name, value) in values {
        let key = format!("`plans.{plan_name}.{name}`");
        let Some(field) = FIELDS.iter().find(|field| field.toml == name) else {
            let hint = nearest(name, FIELDS.iter().map(|field| field.toml))
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            problems.push(format!("unknown key {key}{hint}"));
            continue;
        };
        match field.unit.parse(value) {
            Some(limit) => *(field.slot)(plan) = limit,
            None => problems.push(format!("{key} must be {}; the file gives {value}", field.unit.allowed())),
        }
    }
}

fn require_all(plan: &Plan, values: &BTreeMap<String, &Value>, problems: &mut Vec<String>) {
    let missing: Vec<_> =
        FIELDS.iter().map(|field| field.toml).filter(|name| !values.contains_key(*name)).collect();
    if !missing.is_empty() {
        let plan = plan.name.as_str();
        let missing = missing.join(", ");
        problems.push(format!(
            "`plans.{plan}` is not a built-in plan, so it must set every value; missing: {missing}"
        ));
    }
}

/// The values of a table by their dotted path.
fn flat<'a>(prefix: &str, value: &'a Value) -> BTreeMap<String, &'a Value> {
    match value {
        Value::Table(table) => table
            .iter()
            .flat_map(|(name, value)| {
                let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flat(&path, value)
            })
            .collect(),
        value => BTreeMap::from([(prefix.to_owned(), value)]),
    }
}

fn unlimited(name: PlanName) -> Plan {
    Plan {
        name,
        transfers_per_month: None,
        max_file_bytes: None,
        storage_bytes: None,
        max_retention_seconds: None,
        max_api_keys: None,
        max_agents: None,
        max_connections: None,
        max_pairings_per_connection: None,
        rates: RatesPerMinute::default(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> (BTreeMap<PlanName, Plan>, Vec<String>) {
        let mut problems = Vec::new();
        let plans = plans(&toml::from_str(text).unwrap(), &mut problems);
        (plans, problems)
    }

    fn named(plans: &BTreeMap<PlanName, Plan>, name: &str) -> Plan {
        plans[&PlanName::try_from(name).unwrap()].clone()
    }

    #[test]
    fn a_built_in_plan_keeps_what_its_table_does_not_set() {
        let (plans, problems) = read(
            "[free]\nmax_file_size = \"75MB\"\nmax_agents = \"unlimited\"\nmax_retention = \"2d\"\n[free.rates_per_minute]\ndownload = 5",
        );
        assert_eq!(problems, [""; 0]);
        let (built_in, free) = (named(&read("").0, "free"), named(&plans, "free"));
        let expected = Plan {
            max_file_bytes: Some(75 << 20),
            max_agents: None,
            max_retention_seconds: Some(172_800),
            rates: RatesPerMinute { download: Some(5), ..built_in.rates },
            ..built_in
        };
        assert_eq!(free, expected);
        assert_eq!(plans.len(), PlanCatalogue::default_plans().len());
    }

    #[test]
    fn integers_are_bytes_and_seconds_and_minus_one_is_unlimited() {
        let (plans, problems) = read("[team]\nmax_file_size = 17\nmax_retention = 90\nstorage = -1");
        assert_eq!(problems, [""; 0]);
        let team = named(&plans, "team");
        assert_eq!(
            (team.max_file_bytes, team.max_retention_seconds, team.storage_bytes),
            (Some(17), Some(90), None)
        );
    }

    #[test]
    fn a_new_plan_sets_every_value() {
        let (_, problems) = read("[lab]\nmax_agents = 3");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("`plans.lab` is not a built-in plan"), "{problems:?}");
        assert!(problems[0].contains("storage") && !problems[0].contains("max_agents"), "{problems:?}");

        let all: String = FIELDS.iter().map(|field| format!("{} = 7\n", field.toml)).collect();
        let (plans, problems) = read(&format!("[lab]\n{all}"));
        assert_eq!(problems, [""; 0]);
        let lab = named(&plans, "lab");
        // Each value reached a place of its own.
        assert!(FIELDS.iter().all(|field| *(field.slot)(&mut lab.clone()) == Some(7)));
        assert_eq!(
            FIELDS
                .iter()
                .filter(|field| field.show(&lab) == "7" || field.show(&lab).starts_with('7'))
                .count(),
            14
        );
    }

    #[test]
    fn problems_name_the_value_and_what_is_allowed() {
        let (_, problems) = read(
            "Big = {}\nteam = 3\n[free]\nmax_file_size = \"50 MiB\"\nmax_agents = true\nmax_retention = -2\nmax_agent = 1\n[free.rates_per_minute]\ndownloads = 1",
        );
        let all = problems.join("\n");
        for part in [
            "`plans.Big`: the name of a plan must be 1 to 32 lower-case letters",
            "`plans.team` must be a table, not a TOML integer",
            "`plans.free.max_file_size` must be a size such as \"50MB\"",
            "`plans.free.max_agents` must be a whole number",
            "`plans.free.max_retention` must be a time",
            "unknown key `plans.free.max_agent`; did you mean `max_agents`?",
            "unknown key `plans.free.rates_per_minute.downloads`; did you mean `rates_per_minute.download`?",
        ] {
            assert!(all.contains(part), "{part} is not in:\n{all}");
        }
        assert_eq!(problems.len(), 7);
    }

    #[test]
    fn shown_values_can_be_read_back() {
        for plan in PlanCatalogue::default_plans() {
            for field in &FIELDS {
                let shown = Value::String(field.show(&plan));
                let shown = shown.as_str().unwrap().parse().map_or(shown, Value::Integer);
                assert_eq!(field.unit.parse(&shown), Some(*(field.slot)(&mut plan.clone())));
            }
        }
    }
}
