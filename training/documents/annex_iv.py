"""An index of the technical documentation that Annex IV of the EU AI Act asks for: where this record answers a point.

Source: Regulation (EU) 2024/1689, OJ L, 12 July 2024, Annex IV, points 1 to 9, in our own words.
"""

from training.documents.index_table import IndexDocument, IndexPart, IndexPoint, guide, index_page, record
from training.documents.subject import DocumentSubject
from training.dossier.content import MANIFEST
from training.registry.artifacts import EVIDENCE, HELD_OUT, PROTOCOL, REPORT
from training.registry.seal import SEAL

TRAINING, SERVING, METHOD, PRODUCTION = (
    "training/README.md",
    "serving/README.md",
    "models/README.md",
    "serving/deploy/README.md",
)
CARD = "model_card.md"
POINTS = (
    IndexPoint(
        "1(a)",
        "Intended purpose, name of the provider, version and its relation to earlier versions",
        (
            record("purpose", PROTOCOL),
            record("the version's card", CARD),
            guide(TRAINING, "Promotion", "versions and their succession"),
        ),
        "The provider's legal name.",
    ),
    IndexPoint(
        "1(b)",
        "How it interacts with hardware or software that is not part of it",
        (guide(SERVING, "The request"), guide(SERVING, "Other clients")),
        "The systems that it is connected to in the clinic.",
    ),
    IndexPoint(
        "1(c)",
        "Versions of relevant software, and requirements on updates",
        (record("digest of the locked packages, among the tags", SEAL), guide(PRODUCTION, "Upgrade from 0.5.0")),
    ),
    IndexPoint(
        "1(d)",
        "The forms in which it is placed on the market or put into service",
        (guide(SERVING, "As a container"), guide(SERVING, "In Python, without the service")),
        "Whether and in which form it is placed on the market.",
    ),
    IndexPoint(
        "1(e)",
        "The hardware on which it is meant to run",
        (guide(PRODUCTION, "On one machine"),),
        "The hardware of the clinic.",
    ),
    IndexPoint(
        "1(f)",
        "Photographs or illustrations of products of which it is a part",
        (),
        "Not applicable unless it becomes part of a product; then the provider's.",
    ),
    IndexPoint(
        "1(g)",
        "A basic description of the user interface for the deployer",
        (guide(SERVING, "The answer"), guide(SERVING, "Try it with a mock EHR")),
        "The interface of the clinic's own software.",
    ),
    IndexPoint(
        "1(h)",
        "Instructions for use for the deployer",
        (guide(SERVING, "Start"), guide(SERVING, "Limits")),
        "Training of the users.",
    ),
    IndexPoint(
        "2(a)",
        "Methods and steps of the development; pre-trained systems and tools of others",
        (guide(TRAINING, "A training"), guide(METHOD, "Candidates"), record("settings, among the parameters", SEAL)),
        "No pre-trained model is used. Why this development was begun.",
    ),
    IndexPoint(
        "2(b)",
        "Design: general logic, key choices with their reasons, what is optimised, expected output, trade-offs",
        (guide(METHOD, "What is predicted"), guide(METHOD, "The equation"), record("features and equation", MANIFEST)),
        "Reasons for the choices that the study made itself.",
    ),
    IndexPoint(
        "2(c)",
        "Architecture, and the computing resources for development, training and evaluation",
        (guide(METHOD, "The bundle"), record("machine and resources, among the tags and metrics", SEAL)),
    ),
    IndexPoint(
        "2(d)",
        "Data sheets: origin, scope and main characteristics of the data, how they were obtained, labelled and cleaned",
        (
            record("cohort, flow and characteristics", EVIDENCE),
            record("what was suspect in the cohort", "cohort_check.json"),
            guide(TRAINING, "Outcomes"),
            guide(TRAINING, "What the reader repairs"),
        ),
        "How patients were recruited and data were collected.",
    ),
    IndexPoint(
        "2(e)",
        "Assessment of the human oversight that is needed, and means to interpret outputs",
        (guide(METHOD, "Reasons"), guide(SERVING, "Cautions"), guide(SERVING, "What a 90% interval says")),
        "The assessment itself: who oversees, when, with which authority.",
    ),
    IndexPoint(
        "2(f)",
        "Changes that are determined in advance, and how performance stays as required",
        (
            guide(TRAINING, "External evaluation and updates"),
            guide(TRAINING, "Promotion", "the change plan of this version is a document of its own"),
        ),
        "Approval of the plan.",
    ),
    IndexPoint(
        "2(g)",
        "Validation and testing: data, metrics of accuracy and robustness, discriminatory effects, signed reports",
        (
            record("every figure, by group and site", EVIDENCE),
            record("the report", REPORT),
            record("held-out predictions", HELD_OUT),
            record("digests of all of these", SEAL),
        ),
        "Signatures of the persons responsible for the tests; evaluation where it is used.",
    ),
    IndexPoint(
        "2(h)",
        "Cybersecurity",
        (
            guide(SERVING, "Keys and settings"),
            guide(SERVING, "TLS"),
            guide(METHOD, "The bundle", "a bundle holds no code and is checked when loaded"),
        ),
        "Security of the installation and its operation.",
    ),
    IndexPoint(
        "3",
        "Monitoring and control: capabilities and limits, accuracy for groups, foreseeable harm, oversight, input",
        (
            record("accuracy overall, by group and site", EVIDENCE),
            record("limits", CARD),
            guide(METHOD, "Applicability"),
            guide(SERVING, "No prediction"),
            guide(SERVING, "The request", "input data"),
        ),
        "Foreseeable unintended outcomes and sources of risk in the clinic.",
    ),
    IndexPoint(
        "4",
        "Why the metrics of performance are appropriate",
        (guide(TRAINING, "The evidence"),),
        "The thresholds at which the clinic acts.",
    ),
    IndexPoint("5", "The risk management system of Article 9", (), "The whole system; the software has no risk file."),
    IndexPoint(
        "6",
        "Changes through the lifecycle",
        (guide("CHANGELOG.md", "Changelog", "of the software"), guide(TRAINING, "Promotion", "decisions: kap history")),
    ),
    IndexPoint(
        "7",
        "Harmonised standards that are applied, or the solutions in their place",
        (record("TRIPOD+AI and PROBAST+AI, item by item", REPORT),),
        "No harmonised standard is claimed. Which solutions meet the requirements of Chapter III, Section 2.",
    ),
    IndexPoint("8", "A copy of the EU declaration of conformity", (), "There is none in this record."),
    IndexPoint(
        "9",
        "The system that evaluates performance after placing on the market, with the monitoring plan of Article 72(3)",
        (
            guide(TRAINING, "Monitoring"),
            guide(TRAINING, "The prediction log"),
            record("reference for drift", "reference.json"),
        ),
        "The plan: who runs it, how often, and what follows.",
    ),
)
"""Every point with its sub-points, in order."""
NOTES = (
    (
        "This is an index: it says where the record of this version and the guides of the software answer a point"
        " of Annex IV. It is no declaration of conformity, it does not say that the system is high-risk or not, "
        "and a named place may answer a point only in part."
    ),
    (
        "Points are those of Annex IV of Regulation (EU) 2024/1689 as published on 12 July 2024, in our own "
        "words. Check whether it was amended since."
    ),
)


def annex_iv_index(subject: DocumentSubject) -> bytes:
    """The index as HTML; the same record and decisions give the same bytes."""
    part = IndexPart("Annex IV: technical documentation", POINTS)
    return index_page(IndexDocument("Index for Annex IV of the EU AI Act", NOTES, (part,)), subject)
