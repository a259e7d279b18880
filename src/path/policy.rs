//! Certificate policies (RFC 5280 6.1 as RFC 9618 corrects it): which policies hold for a whole
//! path.
//!
//! RFC 5280 describes a tree, which CAs that map policies onto each other can make grow without
//! limit. RFC 9618 has the same answers from a graph: at each depth there is one node for a policy,
//! with as many parents as lead to it, so that a path's graph is as large as its certificates.

use std::collections::{BTreeMap, BTreeSet};

use const_oid::db::rfc5280::{
    ID_CE_CERTIFICATE_POLICIES, ID_CE_INHIBIT_ANY_POLICY, ID_CE_POLICY_CONSTRAINTS,
    ID_CE_POLICY_MAPPINGS,
};

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader;
use crate::path::Error;
use crate::path::budget::Budget;
use crate::path::link::Link;
use crate::x509::Certificate;
use crate::x509::policies::{
    ANY_POLICY, CertificatePolicies, PolicyConstraints, PolicyMappings, inhibit_any_policy,
};

/// What the caller asks of policies (RFC 5280 6.1.1 (c) and (e) to (g)). The default asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyInputs {
    /// user-initial-policy-set: the acceptable policies; empty, or with anyPolicy in it, all.
    pub initial_policy_set: BTreeSet<ObjectIdentifier>,
    /// initial-explicit-policy: whether one of them must hold for the path.
    pub explicit: bool,
    /// initial-policy-mapping-inhibit: whether mappings are ignored.
    pub inhibit_mapping: bool,
    /// initial-any-policy-inhibit: whether anyPolicy in a certificate means nothing.
    pub inhibit_any: bool,
}

/// The variables of RFC 5280 6.1.2 that are about policies.
pub(super) struct PolicyState<'a> {
    inputs: &'a PolicyInputs,
    /// valid_policy_graph, one level a certificate; NULL once no policy is left.
    graph: Option<Vec<Level>>,
    explicit_policy: usize,
    policy_mapping: usize,
    inhibit_any_policy: usize,
}

/// The nodes of one depth by their valid_policy.
type Level = BTreeMap<ObjectIdentifier, Node>;

#[derive(Debug, Clone)]
struct Node {
    /// Policies of the level above.
    parents: BTreeSet<ObjectIdentifier>,
    /// expected_policy_set.
    expected: BTreeSet<ObjectIdentifier>,
}

impl Node {
    fn new(policy: ObjectIdentifier, parents: BTreeSet<ObjectIdentifier>) -> Node {
        Node {
            parents,
            expected: BTreeSet::from([policy]),
        }
    }
}

impl<'a> PolicyState<'a> {
    /// RFC 5280 6.1.2 (a) and (d) to (f), for a path of `length` certificates without the anchor.
    pub(super) fn initial(inputs: &'a PolicyInputs, length: usize) -> PolicyState<'a> {
        let unless = |set: bool| if set { 0 } else { length + 1 };
        let root = Node::new(ANY_POLICY, BTreeSet::new());
        PolicyState {
            inputs,
            graph: Some(vec![Level::from([(ANY_POLICY, root)])]),
            explicit_policy: unless(inputs.explicit),
            policy_mapping: unless(inputs.inhibit_mapping),
            inhibit_any_policy: unless(inputs.inhibit_any),
        }
    }

    /// RFC 5280 6.1.3 (d) to (f).
    pub(super) fn process(
        &mut self,
        link: &Link,
        is_leaf: bool,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let certificate = link.certificate();
        let policies = read(
            certificate,
            ID_CE_CERTIFICATE_POLICIES,
            "certificatePolicies",
            CertificatePolicies::from_der,
        )?;
        // (d)(2): anyPolicy counts while it is not inhibited, and in a CA's certificate for itself.
        let any_counts = self.inhibit_any_policy > 0 || (!is_leaf && link.is_self_issued());
        match (&mut self.graph, policies) {
            (Some(graph), Some(CertificatePolicies(policies))) => {
                budget.consume_policies(policies.len())?;
                let level = next_level(graph, &policies, any_counts);
                budget.consume_policies(level.len())?;
                graph.push(level);
                self.forget_empty_graph();
            }
            (_, None) => self.graph = None, // (e)
            (None, _) => {}
        }
        // (f)
        if self.explicit_policy == 0 && self.graph.is_none() {
            return Err(Error::NoValidPolicy {
                subject: certificate.subject().to_owned(),
            });
        }
        Ok(())
    }

    /// RFC 5280 6.1.4 (a), (b) and (h) to (j).
    pub(super) fn prepare_for_next(
        &mut self,
        link: &Link,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let mappings = read(
            link.certificate(),
            ID_CE_POLICY_MAPPINGS,
            "policyMappings",
            PolicyMappings::from_der,
        )?;
        if let Some(PolicyMappings(mappings)) = mappings {
            budget.consume_policies(mappings.len())?;
            self.map(&mappings);
        }
        // (h)
        if !link.is_self_issued() {
            for skip in [
                &mut self.explicit_policy,
                &mut self.policy_mapping,
                &mut self.inhibit_any_policy,
            ] {
                *skip = skip.saturating_sub(1);
            }
        }
        self.lower(link.certificate())
    }

    /// RFC 5280 6.1.4 (i) and (j), which RFC 5937 3.1 has for trust anchors too.
    pub(super) fn lower(&mut self, certificate: &Certificate) -> Result<(), Error> {
        let lower = |limit: &mut usize, to: Option<u32>| {
            if let Some(to) = to.and_then(|to| usize::try_from(to).ok()) {
                *limit = to.min(*limit);
            }
        };
        if let Some(constraints) = policy_constraints(certificate)? {
            lower(
                &mut self.explicit_policy,
                constraints.require_explicit_policy,
            );
            lower(&mut self.policy_mapping, constraints.inhibit_policy_mapping);
        }
        let inhibit = read(
            certificate,
            ID_CE_INHIBIT_ANY_POLICY,
            "inhibitAnyPolicy",
            inhibit_any_policy,
        )?;
        lower(&mut self.inhibit_any_policy, inhibit);
        Ok(())
    }

    /// RFC 5280 6.1.5 (a), (b) and (g): the user-constrained-policy-set.
    pub(super) fn wrap_up(
        mut self,
        leaf: &Certificate,
    ) -> Result<BTreeSet<ObjectIdentifier>, Error> {
        self.explicit_policy = self.explicit_policy.saturating_sub(1);
        let constraints = policy_constraints(leaf)?;
        if constraints.is_some_and(|c| c.require_explicit_policy == Some(0)) {
            self.explicit_policy = 0;
        }
        let authority = self.graph.as_deref().map(authority_set).unwrap_or_default();
        let user = &self.inputs.initial_policy_set;
        let policies = if user.is_empty() || user.contains(&ANY_POLICY) {
            authority
        } else if authority.contains(&ANY_POLICY) {
            user.clone()
        } else {
            authority.intersection(user).copied().collect()
        };
        if self.explicit_policy == 0 && policies.is_empty() {
            return Err(Error::NoValidPolicy {
                subject: leaf.subject().to_owned(),
            });
        }
        Ok(policies)
    }

    /// RFC 5280 6.1.4 (b), as RFC 9618 5.4 has it.
    fn map(&mut self, mappings: &[(ObjectIdentifier, ObjectIdentifier)]) {
        let Some(level) = self.graph.as_mut().and_then(|graph| graph.last_mut()) else {
            return;
        };
        let mut by_issuer: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>> = BTreeMap::new();
        for (issuer, subject) in mappings {
            by_issuer.entry(*issuer).or_default().insert(*subject);
        }
        let has_any = level.contains_key(&ANY_POLICY);
        for (issuer, subjects) in by_issuer {
            if self.policy_mapping == 0 {
                level.remove(&issuer); // (b)(2)
            } else if let Some(node) = level.get_mut(&issuer) {
                node.expected = subjects;
            } else if has_any {
                let mut node = Node::new(issuer, BTreeSet::from([ANY_POLICY]));
                node.expected = subjects;
                level.insert(issuer, node);
            }
        }
        self.forget_empty_graph();
    }

    /// Without a node at the last depth, pruning (6.1.3 (d)(3)) leaves none at all.
    fn forget_empty_graph(&mut self) {
        self.graph
            .take_if(|graph| graph.last().is_none_or(BTreeMap::is_empty));
    }
}

/// RFC 5280 6.1.3 (d)(1) and (2), as RFC 9618 5.3 has them.
fn next_level(graph: &[Level], policies: &BTreeSet<ObjectIdentifier>, any_counts: bool) -> Level {
    let empty = Level::new();
    let above = graph.last().unwrap_or(&empty);
    let mut expecting: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>> = BTreeMap::new();
    for (policy, node) in above {
        for expected in &node.expected {
            expecting.entry(*expected).or_default().insert(*policy);
        }
    }
    let mut level = Level::new();
    for policy in policies.iter().filter(|policy| **policy != ANY_POLICY) {
        // (1)(i), or else (ii)
        if let Some(parents) = expecting.get(policy) {
            level.insert(*policy, Node::new(*policy, parents.clone()));
        } else if above.contains_key(&ANY_POLICY) {
            let parents = BTreeSet::from([ANY_POLICY]);
            level.insert(*policy, Node::new(*policy, parents));
        }
    }
    if any_counts && policies.contains(&ANY_POLICY) {
        // (2)
        for (policy, parents) in expecting {
            level
                .entry(policy)
                .or_insert_with(|| Node::new(policy, parents));
        }
    }
    level
}

/// RFC 9618 5.5 (g): the policies, in the words of the anchor's domain, that hold down to the
/// leaf; anyPolicy if all of them do.
fn authority_set(graph: &[Level]) -> BTreeSet<ObjectIdentifier> {
    let Some(last) = graph.last() else {
        return BTreeSet::new();
    };
    let mut policies = BTreeSet::new();
    if last.contains_key(&ANY_POLICY) {
        policies.insert(ANY_POLICY);
    }
    // Upwards, over the nodes that pruning would have left.
    let mut alive: BTreeSet<ObjectIdentifier> = last.keys().copied().collect();
    for level in graph.iter().skip(1).rev() {
        let mut parents = BTreeSet::new();
        for (policy, node) in level.iter().filter(|(policy, _)| alive.contains(*policy)) {
            if *policy != ANY_POLICY && node.parents.iter().eq([&ANY_POLICY]) {
                policies.insert(*policy);
            }
            parents.extend(&node.parents);
        }
        alive = parents;
    }
    policies
}

fn policy_constraints(certificate: &Certificate) -> Result<Option<PolicyConstraints>, Error> {
    read(
        certificate,
        ID_CE_POLICY_CONSTRAINTS,
        "policyConstraints",
        PolicyConstraints::from_der,
    )
}

fn read<T>(
    certificate: &Certificate,
    id: ObjectIdentifier,
    name: &'static str,
    from_der: impl FnOnce(&[u8]) -> Result<T, reader::Error>,
) -> Result<Option<T>, Error> {
    certificate
        .extension(id)
        .map(|(value, _)| from_der(value).map_err(Error::malformed(certificate, name)))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tag;
    use crate::asn1::tlv::{element, sequence};
    use crate::path::testing::*;
    use crate::path::{ValidatedCertificate, Validation};
    use crate::x509::testing::{TestCertificate, extension};

    const GOLD: &str = "1.2.3.1";
    const SILVER: &str = "1.2.3.2";
    const THEIRS: &str = "1.2.4.1";
    const ANY: &str = "2.5.29.32.0";

    fn oid(dotted: &str) -> Vec<u8> {
        let id: ObjectIdentifier = dotted.parse().unwrap();
        element(tag::OBJECT_IDENTIFIER, id.as_bytes())
    }

    fn policies(dotted: &[&str]) -> Vec<u8> {
        let all: Vec<u8> = dotted.iter().flat_map(|id| sequence(&[&oid(id)])).collect();
        extension(ID_CE_CERTIFICATE_POLICIES, &sequence(&[&all]))
    }

    fn mappings(pairs: &[(&str, &str)]) -> Vec<u8> {
        let pair = |(issuer, subject): &(&str, &str)| sequence(&[&oid(issuer), &oid(subject)]);
        let all: Vec<u8> = pairs.iter().flat_map(pair).collect();
        extension(ID_CE_POLICY_MAPPINGS, &sequence(&[&all]))
    }

    /// requireExplicitPolicy `[0]` or inhibitPolicyMapping `[1]`, after so many certificates.
    fn constraint(number: u8, skip: u8) -> Vec<u8> {
        let value = sequence(&[&element(tag::context_primitive(number), &[skip])]);
        extension(ID_CE_POLICY_CONSTRAINTS, &value)
    }

    fn inhibit_any(skip: u8) -> Vec<u8> {
        extension(ID_CE_INHIBIT_ANY_POLICY, &element(tag::INTEGER, &[skip]))
    }

    /// Leaf, CA and root, with these extensions added to leaf and CA.
    fn path(
        leaf: &[Vec<u8>],
        ca: &[Vec<u8>],
        inputs: PolicyInputs,
    ) -> Result<ValidatedCertificate, Error> {
        let add = |extensions: &[Vec<u8>]| {
            let extensions = extensions.to_vec();
            move |c: &mut TestCertificate| c.extensions.extend(extensions)
        };
        let leaf = changed_leaf(CA, add(leaf));
        let pool = [CA.changed(ROOT, add(ca))];
        check_with(&leaf, &pool, ROOT.root(), |v: &mut Validation<'_>| {
            v.policy = inputs;
        })
    }

    fn held(result: Result<ValidatedCertificate, Error>) -> Vec<String> {
        match result {
            Ok(validated) => validated
                .policies()
                .iter()
                .map(ToString::to_string)
                .collect(),
            Err(error) => vec![error.reason().to_owned()],
        }
    }

    fn asked_for(policies: &[&str]) -> PolicyInputs {
        PolicyInputs {
            initial_policy_set: policies.iter().map(|id| id.parse().unwrap()).collect(),
            explicit: true,
            ..PolicyInputs::default()
        }
    }

    #[test]
    fn a_policy_holds_that_is_in_every_certificate() {
        let any = PolicyInputs::default;
        let (both, gold) = (policies(&[GOLD, SILVER]), policies(&[GOLD]));
        let [both, gold] = [&[both][..], &[gold]];
        assert_eq!(held(path(gold, both, any())), [GOLD]);
        assert_eq!(held(path(both, both, any())), [GOLD, SILVER]);
        assert_eq!(held(path(gold, &[policies(&[ANY])], any())), [GOLD]);
        assert_eq!(held(path(&[policies(&[ANY])], gold, any())), [GOLD]);
        assert_eq!(held(path(&[policies(&[SILVER])], gold, any())), [""; 0]);
        assert_eq!(held(path(gold, &[], any())), [""; 0]);
        assert_eq!(held(path(both, both, asked_for(&[SILVER]))), [SILVER]);
        assert_eq!(
            held(path(gold, both, asked_for(&[SILVER]))),
            ["no-valid-policy"]
        );
        let everything = &[policies(&[ANY])][..];
        assert_eq!(
            held(path(everything, everything, asked_for(&[SILVER]))),
            [SILVER]
        );
        assert_eq!(held(path(everything, everything, asked_for(&[ANY]))), [ANY]);
    }

    #[test]
    fn a_ca_can_require_a_policy() {
        let gold = policies(&[GOLD]);
        for (skip, leaf, expected) in [
            (0, &[][..], &["no-valid-policy"][..]),
            (1, &[], &["no-valid-policy"]),
            (2, &[], &[]),
            (0, std::slice::from_ref(&gold), &[GOLD]),
        ] {
            let ca = [gold.clone(), constraint(0, skip)];
            let result = path(leaf, &ca, PolicyInputs::default());
            assert_eq!(held(result), expected, "{skip}");
        }
        // RFC 5280 6.1.5 (b): the leaf itself.
        let leaf = [constraint(0, 0)];
        assert_eq!(
            held(path(&leaf, &[gold], PolicyInputs::default())),
            ["no-valid-policy"]
        );
    }

    #[test]
    fn policies_are_mapped_until_that_is_inhibited() {
        let theirs = [policies(&[THEIRS])];
        let ca = [policies(&[GOLD]), mappings(&[(GOLD, THEIRS)])];
        assert_eq!(held(path(&theirs, &ca, asked_for(&[GOLD]))), [GOLD]);
        assert_eq!(
            held(path(&theirs, &ca, asked_for(&[THEIRS]))),
            ["no-valid-policy"]
        );
        let from_any = [policies(&[ANY]), mappings(&[(GOLD, THEIRS)])];
        assert_eq!(held(path(&theirs, &from_any, asked_for(&[GOLD]))), [GOLD]);
        let inhibited = PolicyInputs {
            inhibit_mapping: true,
            ..asked_for(&[GOLD])
        };
        assert_eq!(held(path(&theirs, &ca, inhibited)), ["no-valid-policy"]);
        let of_any = [policies(&[GOLD]), mappings(&[(ANY, THEIRS)])];
        assert_eq!(
            held(path(&theirs, &of_any, PolicyInputs::default())),
            ["malformed-extension"]
        );
    }

    #[test]
    fn any_policy_counts_until_that_is_inhibited() {
        let everything = [policies(&[ANY])];
        for (skip, expected) in [(0, "no-valid-policy"), (1, GOLD)] {
            let ca = [policies(&[GOLD]), inhibit_any(skip)];
            assert_eq!(held(path(&everything, &ca, asked_for(&[GOLD]))), [expected]);
        }
        let inhibited = PolicyInputs {
            inhibit_any: true,
            ..asked_for(&[GOLD])
        };
        let ca = [policies(&[GOLD])];
        assert_eq!(held(path(&everything, &ca, inhibited)), ["no-valid-policy"]);
    }

    #[test]
    fn an_anchors_constraints_bind_like_any_cas() {
        let root = || ROOT.changed(ROOT, |c| c.extensions.push(constraint(0, 0)));
        for (bind, expected) in [(true, "no-valid-policy"), (false, "valid")] {
            let pool = [CA.issued_by(ROOT)];
            let result = check_with(&leaf(CA), &pool, root(), |v| v.anchor_constraints = bind);
            assert_eq!(verdict(&result), expected);
        }
    }

    /// Attack 22: in the tree of RFC 5280, every level multiplies the nodes by that many policies.
    #[test]
    fn mappings_of_everything_to_everything_do_not_multiply() {
        let names: Vec<String> = (0..60).map(|n| format!("1.2.5.{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pairs: Vec<(&str, &str)> = names
            .iter()
            .flat_map(|issuer| names.iter().map(move |subject| (*issuer, *subject)))
            .collect();
        let authority = |n: u8| Authority {
            name: ["Root", "A", "B", "C", "D", "E", "F"][usize::from(n)],
            key: n + 1,
        };
        let pool: Vec<Certificate> = (1..=6)
            .map(|n| {
                authority(n).changed(authority(n - 1), |c| {
                    c.extensions.push(policies(&names));
                    c.extensions.push(mappings(&pairs));
                })
            })
            .collect();
        let leaf = changed_leaf(authority(6), |c| c.extensions.push(policies(&names)));
        let validated = check(&leaf, &pool, ROOT.root()).unwrap();
        assert_eq!(validated.policies().len(), 60);
    }
}
