//! Where a value stands in a document.

use std::fmt;

use serde_json::{Map, Value};

use crate::json::{push_index, push_key};

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A place in a document, written as a JSON path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<Step>);

impl Path {
    pub(super) fn key(&self, name: &str) -> Self {
        self.then(Step::Key(name.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The same place in the first element of every list.
    pub(super) fn first_of_each(&self) -> Self {
        let first = |step: &Step| if let Step::Index(_) = step { Step::Index(0) } else { step.clone() };
        Self(self.0.iter().map(first).collect())
    }

    /// What stands there; null is nothing.
    pub(super) fn get<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        let value = self.0.iter().try_fold(document, |value, step| match step {
            Step::Key(name) => value.get(name),
            Step::Index(index) => value.get(index),
        });
        value.filter(|value| !value.is_null())
    }

    /// Puts a value there, and whatever it takes to get there. A list grows by one element at most: places are
    /// filled in order.
    pub(super) fn set(&self, document: &mut Value, new: Value) {
        let mut here = document;
        for step in &self.0 {
            here = match step {
                Step::Key(name) => {
                    if !here.is_object() {
                        *here = Value::Object(Map::new());
                    }
                    &mut here[name.as_str()]
                }
                Step::Index(index) => {
                    if !here.is_array() {
                        *here = Value::Array(Vec::new());
                    }
                    let Value::Array(list) = here else { return };
                    if list.len() <= *index {
                        list.push(Value::Null);
                    }
                    let Some(element) = list.get_mut(*index) else { return };
                    element
                }
            };
        }
        *here = new;
    }

    /// Takes away what stands there, and the parts that were there for its sake alone.
    pub(super) fn remove(&self, document: &mut Value) {
        remove(document, &self.0);
    }
}

fn remove(here: &mut Value, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else { return };
    let inner = match step {
        Step::Key(name) => here.get_mut(name),
        Step::Index(index) => here.get_mut(index),
    };
    let Some(inner) = inner else { return };
    remove(inner, rest);
    if rest.is_empty() || is_hollow(inner) {
        match (step, here) {
            (Step::Key(name), Value::Object(map)) => drop(map.remove(name)),
            (Step::Index(index), Value::Array(list)) if *index + 1 == list.len() => drop(list.pop()),
            // Those after it keep their places.
            (Step::Index(index), Value::Array(list)) => list[*index] = Value::Null,
            _ => {}
        }
    }
}

/// An optional part that was wanted stays wanted: `{}` says so. A list without elements says nothing.
fn is_hollow(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = "$".to_owned();
        for step in &self.0 {
            match step {
                Step::Key(name) => push_key(&mut text, name),
                Step::Index(index) => push_index(&mut text, *index),
            }
        }
        f.write_str(&text)
    }
}
