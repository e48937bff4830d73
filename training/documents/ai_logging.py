"""Where the logs of the software meet what rules on the logging of AI systems ask for, and what is open.

Sources: Regulation (EU) 2024/1689, Articles 12, 19 and 26. Of ISO/IEC DIS 24970:2025 only the clauses that VDE's public
overview names (vde.com, "EU AI Act: AI system logging"); its text was not read.
"""

from training.documents.annex_iv import SERVING, TRAINING
from training.documents.index_table import IndexDocument, IndexPart, IndexPoint, MeetingPlace, guide, index_page, record
from training.documents.subject import DocumentSubject
from training.registry.seal import SEAL

DAYS = 183
"""Days that logs are kept at least: six months [AI Act, Articles 19(1) and 26(6)]."""
PRUNING = MeetingPlace(
    f"kap log prune leaves the logs of at least {DAYS} days; to leave less it needs --override, and the log records by "
    "whom"
)
OPEN = (
    f"How long {{who}} keeps them beyond {DAYS} days, and whether other law says otherwise. The erasure of one patient "
    "(kap log erase) does not wait."
)
COLUMNS = ("clause", "topic", "where it is met", "open")
ARTICLES = (
    IndexPoint(
        "12(1)",
        "Events are recorded automatically over the lifetime of the system",
        (
            guide(SERVING, "What is stored", "every answer is logged before it is sent"),
            MeetingPlace("every decision: kap history"),
        ),
        "Refused requests are counted and not logged one by one.",
    ),
    IndexPoint(
        "12(2)(a)",
        "Events that help to find a risk or a substantial modification",
        (
            guide(TRAINING, "Monitoring", "drift and calibration from the log"),
            guide(TRAINING, "Promotion", "each change of the model is a decision"),
        ),
        "Which events the provider counts as a risk.",
    ),
    IndexPoint(
        "12(2)(b)",
        "Events that serve the monitoring after placing on the market (Article 72)",
        (guide(TRAINING, "Monitoring"), guide(TRAINING, "The prediction log", "lineage and replay")),
        "The monitoring plan.",
    ),
    IndexPoint(
        "12(2)(c)",
        "Events that serve the deployer's monitoring of the operation (Article 26(5))",
        (
            guide(SERVING, "Monitoring", "log lines, metrics and traces"),
            guide(TRAINING, "The prediction log", "feedback on cards"),
        ),
        "Who in the clinic watches, and how often.",
    ),
    IndexPoint(
        "12(3)", "Remote biometric identification: further fields", (MeetingPlace("does not apply: no biometric data"),)
    ),
    IndexPoint(
        "19(1)",
        "The provider keeps the logs under its control, at least six months",
        (guide(TRAINING, "The prediction log", "content is erased only by a command, with who and why"), PRUNING),
        OPEN.format(who="the provider"),
    ),
    IndexPoint(
        "26(6)",
        "The deployer keeps the logs under its control, at least six months",
        (guide(TRAINING, "The prediction log", "backup and seal"), PRUNING),
        OPEN.format(who="the clinic"),
    ),
)
CLAUSES = (
    IndexPoint(
        "5",
        "Logging and the use of logs: purpose, scope, responsibilities",
        (guide(TRAINING, "The prediction log"),),
        "Responsibilities in the organisation.",
    ),
    IndexPoint(
        "6",
        "Design of the logging system: entries can be traced to design, data and governance",
        (
            MeetingPlace("kap audit lineage: from an answer to model, training, cohort, code and decision"),
            record("the record that a lineage ends in", SEAL),
        ),
        "The organisation's own design documents.",
    ),
    IndexPoint(
        "7",
        "What triggers an entry, in normal and in exceptional operation",
        (
            guide(SERVING, "What is stored", "each answer, each what-if, each feedback, each erasure"),
            guide(SERVING, "Monitoring", "errors and refusals: log lines and counters"),
        ),
        "Refused requests have no entry in the chained log.",
    ),
    IndexPoint(
        "8",
        "The information that an entry holds",
        (
            guide(
                SERVING,
                "What is stored",
                "id, time, caller, model and version, run, landmark, keyed digests, row, answer, duration",
            ),
        ),
        "The request as it was sent is not stored.",
    ),
)
TOPICS = (
    IndexPoint(
        "-",
        "Integrity: a change, loss or addition is found",
        (MeetingPlace("kap audit log: chains of keyed hashes; --seal and --since find an older copy"),),
        "Where seals are kept.",
    ),
    IndexPoint(
        "-",
        "Storage, retention and erasure",
        (guide(TRAINING, "The prediction log", "encryption for each entry, erasure for one patient, pruning by age"),),
        "The clinic's rule on retention.",
    ),
    IndexPoint(
        "-",
        "Access to the logs",
        (guide(TRAINING, "The prediction log", "the commands need the secret of the log"),),
        "Who may have the secret.",
    ),
    IndexPoint(
        "-",
        "Privacy of those whom entries are about",
        (guide(SERVING, "What is stored", "the patient's reference is kept as a keyed hash"),),
        "The impact assessment under data protection law.",
    ),
    IndexPoint(
        "-",
        "Time of the entries",
        (MeetingPlace("UTC with microseconds; an entry before the previous one in its chain is remarked on"),),
        "Clocks of the machines.",
    ),
)
NOTES = (
    ("This table says where the software's logs answer a topic. It is no claim of conformity with a law or standard."),
    (
        "ISO/IEC DIS 24970 is a draft that is not public. The numbers and topics of clauses 5 to 8 are those of "
        "VDE's public overview of the draft of 2025; they were not compared with the text of the draft and may "
        "differ in the standard. Further topics are named without a clause, because no public source gives one."
    ),
    (
        "Articles are those of Regulation (EU) 2024/1689 as published on 12 July 2024. Check whether they were "
        "amended since."
    ),
)


def ai_logging_table(subject: DocumentSubject) -> bytes:
    """The table as HTML; the same record and decisions give the same bytes."""
    parts = (
        IndexPart("EU AI Act, Articles 12, 19 and 26", ARTICLES, ("article", "asks for", "where it is met", "open")),
        IndexPart("ISO/IEC DIS 24970, clauses by a public overview", CLAUSES, COLUMNS),
        IndexPart("Topics of logging without a verified clause", TOPICS, COLUMNS),
    )
    return index_page(IndexDocument("Logging of the AI system", NOTES, parts), subject)
