### Die Texte der Seite für die gemeinsame Entscheidung. Der Teil für die behandelte Person ist einfach: ein Test misst es.

## Die Seite

title = Gesund werden und gesund bleiben: Zahlen für das Gespräch
skip = Zu den Zahlen
languages = Sprache
link-minutes = { $minutes ->
    [one] Dieser Link gilt 1 Minute. Drucken Sie die Seite, wenn Sie sie behalten wollen.
   *[other] Dieser Link gilt { $minutes } Minuten. Drucken Sie die Seite, wenn Sie sie behalten wollen.
}
synthetic-title = Das ist ein Beispiel: Entscheiden Sie nicht nach diesen Zahlen
synthetic-text = Das Modell beruht auf Daten erfundener (synthetischer) Personen. Die Zahlen handeln nicht von Ihnen.
research = KAP Outcomes, Software für die Forschung. Sie ist kein Medizinprodukt und gibt keinen Rat.
made-on = Erstellt am { $date }.
footer-promoted = Die Zahlen auf dieser Seite sind für die Klinik freigegeben.
footer-overridden = Das Modell ist im Einsatz, obwohl es nicht alle Prüfungen bestanden hat.
withheld-patient = Einige Zahlen stehen hier nicht, weil sie noch nicht freigegeben sind.
strip-cautions = Für die Behandelnden: { $number ->
    [one] 1 Warnhinweis
   *[other] { $number } Warnhinweise
}
strip-cautions-first = Für die Behandelnden: { $number ->
    [one] 1 Warnhinweis, vor den Zahlen anzusehen
   *[other] { $number } Warnhinweise, vor den Zahlen anzusehen
}
help-now = Wenn Sie daran denken, sich etwas anzutun: Sagen Sie es jetzt der Person bei Ihnen, oder rufen Sie den Notruf an.
safety-patient = In Ihrer Akte stehen Punkte zur Sicherheit. Diese gehen Ihre Behandelnden mit Ihnen durch.

## Die Zahlen, für die behandelte Person und ihre Angehörigen

patient-title = Für Sie und Ihre Familie
known-until = { $date ->
    [none] Die Zahlen nutzen, was { $landmark } bekannt war, am Tag { $day } der Behandlung.
   *[other] Die Zahlen nutzen, was { $landmark } bekannt war, am { $date }.
}
date = { DATETIME($date, dateStyle: "long") }

outcome-remission = Kaum noch Beschwerden
outcome-relapse = Beschwerden kommen wieder
outcome-relapse-later = Wenn es so weit kommt: Beschwerden kommen wieder
outcome-sustained = Länger kaum Beschwerden
of-100 = { $people ->
    [0] weniger als 1
    [100] mehr als 99
   *[other] etwa { $people }
} von 100
who-like = { $kind ->
    [synthetic] erfundenen Menschen mit Angaben wie Ihren
   *[real] Menschen wie Ihnen
}
who-study = { $kind ->
    [synthetic] erfundenen Menschen in der Studie
   *[real] Menschen in der Studie
}
window = etwa { $first } bis { $last } Wochen nach { $anchor ->
    [index] dem Beginn
   *[other] der letzten Sitzung
}
window-one = etwa { $first ->
    [one] 1 Woche
   *[other] { $last } Wochen
} nach { $anchor ->
    [index] dem Beginn
   *[other] der letzten Sitzung
}
window-unknown = einige Wochen nach der letzten Sitzung
sentence-remission = Von 100 { $who } { $people ->
    [0] hat weniger als 1
    [100] haben mehr als 99
    [1] hat etwa 1
   *[other] haben etwa { $people }
} kaum noch Beschwerden, { $when }. Das nennt man Remission.
complement-remission = { $people ->
    [0] Bei weniger als 1 ist das nicht so.
    [100] Bei mehr als 99 ist das nicht so.
   *[other] Bei etwa { $people } ist das nicht so.
}
others-remission = Auch ihnen kann es besser gehen, aber nicht so weit.
lead-relapse = { $start ->
    [now] Gezählt wird nur unter { $who }, die jetzt kaum noch Beschwerden haben.
   *[then] Gezählt wird nur unter { $who }, die so weit kommen.
}
sentence-relapse = Von 100 davon { $people ->
    [0] hat weniger als 1
    [100] haben mehr als 99
    [1] hat etwa 1
   *[other] haben etwa { $people }
} innerhalb von { $time } { $start ->
    [now] ab jetzt
   *[then] danach
} wieder Beschwerden (Rückfall).
complement-relapse = { $people ->
    [0] Bei weniger als 1 davon ist das nicht so.
    [100] Bei mehr als 99 davon ist das nicht so.
   *[other] Bei etwa { $people } davon ist das nicht so.
}
sentence-sustained = Von denselben 100 Menschen wie im ersten Kasten { $people ->
    [0] kommt weniger als 1 so weit und bleibt
    [100] kommen mehr als 99 so weit und bleiben
    [1] kommt etwa 1 so weit und bleibt
   *[other] kommen etwa { $people } so weit und bleiben
} { $time } lang fast ohne Beschwerden.
sentence-sustained-own = Von 100 { $who } { $people ->
    [0] kommt weniger als 1 so weit und bleibt
    [100] kommen mehr als 99 so weit und bleiben
    [1] kommt etwa 1 so weit und bleibt
   *[other] kommen etwa { $people } so weit und bleiben
} { $time } lang fast ohne Beschwerden.
sentence-sustained-now = Von 100 { $who }, die jetzt kaum noch Beschwerden haben, { $people ->
    [0] bleibt weniger als 1
    [100] bleiben mehr als 99
    [1] bleibt etwa 1
   *[other] bleiben etwa { $people }
} { $time } lang fast ohne Beschwerden.
part-of-first = Sie gehören zu den { $people }.
complement-sustained = { $people ->
    [0] Bei weniger als 1 ist das nicht so.
    [100] Bei mehr als 99 ist das nicht so.
   *[other] Bei etwa { $people } ist das nicht so.
}
sooner-relapse = Innerhalb von { $time }: { $number }.
sooner-sustained = { $time } lang: { $number }.
weeks-within = { $weeks ->
    [one] 1 Woche
   *[other] { $weeks } Wochen
}
weeks-long = { $weeks ->
    [one] 1 Woche
   *[other] { $weeks } Wochen
}
days-within = { $days ->
    [one] 1 Tag
   *[other] { $days } Tagen
}
days-long = { $days ->
    [one] 1 Tag
   *[other] { $days } Tage
}
range = Es können { $low } bis { $high } sein.
sure-high = Diese Zahl ist recht sicher.
sure-medium = Diese Zahl ist etwas unsicher.
sure-low = Diese Zahl ist sehr unsicher.
average-number = Das Modell gibt allen dieselbe Zahl: den Durchschnitt der { $number ->
    [unknown] {""}
   *[other] { $number }{" "}
}{ $kind ->
    [synthetic] erfundenen Menschen
   *[real] Menschen
}, auf denen es beruht. Eine Spanne dazu kennt es nicht.
average-sustained = Das Modell gibt allen dieselbe Zahl. Sie folgt aus den ersten beiden Zahlen. Eine Spanne hat sie nicht.
why-average-few = Zu wenige Menschen hatten das seltenere Ergebnis, um die Menschen zu unterscheiden.
why-average-no-better = Keine Angabe sagte mehr voraus als dieser Durchschnitt.
in-group = { $people ->
    [0] Weniger als 1
    [100] Mehr als 99
   *[other] Etwa { $people }
} von 100 in der Gruppe. Niemand weiß, welche.
no-range = Dieses Modell gibt keine Spanne an. Darum wissen wir nicht, wie sicher die Zahl ist.
range-meaning = Die Spanne zeigt, wie unsicher die Zahl ist. Mit anderen Menschen in der Studie könnte die Zahl überall darin liegen, manchmal auch außerhalb. Was bei Ihnen geschieht, sagt sie nicht.
edge-patient = Sie sind anders als die meisten Menschen in der Studie. Darum sind alle Zahlen hier weniger sicher als sonst.

icons-title = { $number }, gezeigt als 100 Menschen
icons-range = Die beste Schätzung ist { $people }. { $low } Menschen sind gefüllt. { $between } sind abgestuft: das ist die Spanne. { $empty } sind leer.
icons-plain = { $people } Menschen sind grau. { $empty } sind leer. Niemand weiß, welche es trifft.
legend-title = So liest man die 100 Menschen
legend-filled = Gefüllt: auch bei der niedrigsten Schätzung gezählt.
legend-shaded = Abgestuft: Die Schätzung könnte überall in diesen Figuren enden.
legend-empty = Leer: auch bei der höchsten Schätzung nicht gezählt.
legend-line = Linie: die beste Schätzung.
legend-plain = Grau: So viele der Gruppe sind gezählt. Eine Spanne gibt es nicht.
legend-nobody = Keine der Figuren steht für Sie.

curve-title = Wann kommen die Beschwerden wieder?
curve-caption = So viele von 100 Menschen in Remission haben bis zur jeweiligen Woche einen Rückfall.
curve-caption-band = Das helle Band ist die Spanne.
curve-weeks = Wochen seit Beginn der Remission
curve-people = Menschen von 100
curve-summary = { $people } bis Woche { $week }
curve-table = Die Kurve als Tabelle
column-week = Woche
column-people = Rückfall, von 100
column-range = Spanne

weighing-title = Was die Schätzung berücksichtigt
weighing-intro = Das heißt nicht, dass diese Punkte die Ursache sind. Nichts davon ist Ihre Schuld.
weighing-about-remission = Diese Liste gehört zur ersten Zahl.
weighing-about-relapse = Diese Liste gehört zu den Beschwerden, die wiederkommen.
weighing-more-remission = Öfter zusammen mit Remission
weighing-less-remission = Seltener zusammen mit Remission
weighing-more-relapse = Öfter zusammen mit einem Rückfall
weighing-less-relapse = Seltener zusammen mit einem Rückfall
weighing-nothing = Nichts, was auffällt.
weighing-average = Keine Angaben zu Ihnen: Das Modell gibt allen dieselbe Zahl.
weighing-most = { $group }: vor allem { $feature }
weighing-most-stand = { $group }: vor allem { $feature } ({ $stand })
stand = { $stand ->
    [yes] ja
    [no] nein
    [above] über dem Mittel der Studie
   *[below] unter dem Mittel der Studie
}
group-baseline-severity = wie stark die Beschwerden am Anfang waren
group-treatment-history = was vorher schon versucht wurde
group-early-response = wie es seit der ersten Sitzung lief
group-patient-context = was Sie mitbringen, etwa Alter oder andere Leiden
group-study-covariate = anderes, wonach diese Studie fragte


missing-few = { $number ->
    [0] Alles, was das Modell nutzt, war bekannt.
    [one] Eine Angabe fehlte:
   *[other] { $number } Angaben fehlten:
}
missing-with = { $number ->
    [one] Mit ihr könnten die Zahlen höher oder niedriger sein. Wenn Sie sie kennen, sagen Sie es in der Behandlung: Dann kann man Ihre Zahlen neu berechnen.
   *[other] Mit ihnen könnten die Zahlen höher oder niedriger sein. Wenn Sie sie kennen, sagen Sie es in der Behandlung: Dann kann man Ihre Zahlen neu berechnen.
}
missing-many = { $number } Angaben, die das Modell nutzt, fehlten. Mit ihnen könnten die Zahlen höher oder niedriger sein. Die Liste steht im Teil für die Behandelnden. Wenn Sie etwas davon kennen, kann man Ihre Zahlen neu berechnen.

limits-title = Was die Zahlen nicht sagen
limits-treat = <b>Sollen Sie eine Behandlung beginnen, fortsetzen oder beenden? Brauchen Sie mehr Sitzungen, um gesund zu bleiben? Das kann dieses Modell nicht sagen.</b> Alle Menschen in der Studie wurden behandelt. Die Zahlen sagen, was danach oft kommt. Sie sagen nicht, was die Behandlung bewirkt. Sie sagen auch nicht, was ohne sie käme.
limits-person = Die Zahlen gelten für Gruppen von Menschen. Niemand weiß, was bei Ihnen geschieht. Wenn Beschwerden wiederkommen, gibt es Hilfe: Sprechen Sie schon jetzt darüber.

what-if-title = Die Zahlen eines anderen Menschen
what-if-intro = Einiges ist noch offen. Tragen Sie etwas ein, dann sehen Sie die Zahlen eines <b>anderen Menschen</b>. Er ist nur in diesen Angaben anders als Sie. Das vergleicht Menschen. Es zeigt <b>nicht</b>, was geschähe, wenn Sie sich änderten. Ein niedriger Wert hier macht Ihre eigenen Aussichten nicht besser.
what-if-rating = Nächster Wert dieser Person { $scale }
what-if-range = { $low } bis { $high }
what-if-range-unit = { $low } bis { $high } { $unit }
what-if-range-rating = { $low } { $better ->
    [better] (schwer) bis { $high } (keine Beschwerden)
   *[worse] (keine Beschwerden) bis { $high } (schwer)
}
what-if-open = nicht bekannt
what-if-button = Zahlen des anderen Menschen zeigen
what-if-result = Die Zahlen eines anderen Menschen
what-if-not-you = Das sind nicht Ihre Zahlen. Sie sind nicht die Wirkung einer Behandlung.
what-if-this-page = Diese Seite
what-if-other = Anderer Mensch
what-if-number = Zahl
what-if-none = Für einen Menschen mit diesen Angaben gibt das Modell keine Zahl.
what-if-empty = Tragen Sie mindestens eine Angabe ein.
what-if-failed = Das ging nicht. Versuchen Sie es noch einmal, oder öffnen Sie die Seite neu aus der Akte.
what-if-refused = Eine Angabe passt nicht in ihr Feld. Ändern Sie sie.
what-if-over = Die Zeit dieser Seite ist um. Öffnen Sie sie neu aus der Akte.
what-if-many = Diese Seite wurde oft genug gefragt. Öffnen Sie sie neu aus der Akte.
what-if-replaced = Seit diese Seite entstand, kam ein neues Modell. Öffnen Sie sie neu aus der Akte.
value-range = { $number } ({ $low } bis { $high })

## Ohne Vorhersage

nothing-title = Für Sie gibt es keine Zahl
nothing-intro = Das Modell kann hier keine Zahl nennen. Das sagt nichts darüber, wie es Ihnen gehen wird.
nothing-landmark_not_reached = Es ist noch zu früh, oder eine Sitzung ist nicht eingetragen.
nothing-age_outside = In der Studie war niemand in Ihrem Alter.
nothing-died = In der Akte steht, dass die Person gestorben ist.
nothing-withdrew = In der Akte steht, dass die Behandlung vorher endete.
nothing-ended_before = Ein Rückfall oder das Ende der Behandlung ist schon eingetragen.
nothing-no_baseline = Es fehlt eine Messung der Beschwerden von vor der ersten Sitzung.
nothing-baseline_in_remission = Am Anfang gab es kaum Beschwerden. Das Modell ist für Menschen, die mehr hatten.
nothing-no_dosing_session = Es ist keine Sitzung eingetragen.
nothing-already_decided = Eine Messung nach der Behandlung zeigt schon, wie sie ausging.
nothing-window_over = Die Zeit für die letzte Messung ist um, und es gibt keine.
nothing-not_learned = In der Studie waren zu wenige Menschen, um eine Zahl zu nennen.
nothing-outside_training = Sie sind zu anders als die Menschen in der Studie.
nothing-not_promoted = Das Modell ist für diesen Zeitpunkt noch nicht freigegeben.
nothing-other = Das Modell nennt einen Grund, den diese Seite nicht kennt.

## Für die Behandelnden

clinician-title = Für die Behandelnden
reason-title = Warum es keine Zahl gibt
cautions-title = Warnhinweise
cautions-intro = Tatsachen aus der Akte, die zu berücksichtigen sind, was auch immer die Zahlen sagen.
cautions-none = Keine aus dem, was eingetragen ist. Das heißt nicht: kein Risiko. Was nicht eingetragen ist, gibt keinen Hinweis.
not-checked = nicht geprüft
our-judgement = unser Urteil
source = Quelle
exact-title = Genaue Zahlen
exact-caption = Zeiten zählen ab der Messung, die die Remission zeigt
exact-outcome = Ergebnis
exact-probability = Wahrschein­lichkeit
exact-interval = 90-%-Unsicher­heitsbereich
exact-remission = Remission
exact-relapse = Rückfall innerhalb von { $time }
exact-sustained = Remission, { $time } ohne Rückfall
percent = { $number } %
percent-under = unter { $number } %
percent-over = über { $number } %
percent-scale = { $number } % des Bereichs der Skala
value-usual-doses = { $number }-fach
value-share-of-the-limit = { $number }-fach
no-interval = keiner
contributions-title = Beiträge
contributions-intro = In Log-Odds. Sie sind Zusammenhänge in der Entwicklungskohorte, keine Ursachen und kein Grund, Dosis oder Behandlung zu ändern.
contributions-remission = Remission
contributions-relapse = Rückfall
contributions-more = wahrscheinlicher: { $features }
contributions-less = unwahrscheinlicher: { $features }
contributions-average = keine Beiträge: alle erhalten das mittlere Risiko der Kohorte
nothing-listed = nichts
contribution = { $feature } { $weight }
contribution-value = { $feature } ({ $value }) { $weight }
number-unit = { $number } { $unit }
one-courses = { $number } Behandlung
one-days = { $number } Tag
one-events = { $number } Ereignis
one-points = { $number } Punkt
one-points-a-week = { $number } Punkt je Woche
one-ratings = { $number } Messung
one-reliable-changes = { $number } verlässliche Änderung
one-reliable-changes-a-week = { $number } verlässliche Änderung je Woche
one-sessions = { $number } Sitzung
one-treatments = { $number } Behandlung
one-usual-doses-a-week = { $number } übliche Dosis je Woche
one-years = { $number } Jahr
decimal-mark = ,
yes = ja
no = nein
missing-title = Nicht eingetragen
missing-used = { $number ->
    [one] Das Modell nutzt 1 Merkmal, das nicht eingetragen war: { $features }.
   *[other] Das Modell nutzt { $number } Merkmale, die nicht eingetragen waren: { $features }.
}
missing-other = { $number ->
    [0] {""}
    [one] 1 anderes Merkmal war auch nicht eingetragen; es zählt in diesen Zahlen nicht.
   *[other] { $number } andere Merkmale waren nicht eingetragen; sie zählen in diesen Zahlen nicht.
}
missing-none = Alle Merkmale waren eingetragen.
unused-rows = { $number ->
    [0] {""}
    [one] 1 Eintrag kam nach dem Zeitpunkt der Vorhersage und wurde nicht genutzt.
   *[other] { $number } Einträge kamen nach dem Zeitpunkt der Vorhersage und wurden nicht genutzt.
}
like-title = Mit den Patienten der Studie vergleichbar?
like-inside = Soweit eingetragen: ja.
like-edge = Am Rand. Die Zahlen sind weniger sicher: { $why }.
like-outside = Nein: { $why }.
like-unknown = Nicht bekannt: Das Modell beschreibt die Patienten seiner Studie nicht.
like-recorded = { $number } von { $all } Merkmalen nicht eingetragen.
like-cautions = Warnhinweise gehören nicht zu diesem Vergleich.
model-title = Das Modell
model-fitted = Version { $version } ({ $digest }), Vorhersage { $id }. { $heads }
model-head-remission = Remission: an { $number } Patienten angepasst.
model-head-relapse = Rückfall: an { $number } Patienten angepasst.
model-synthetic = Die Patienten der Studie sind synthetisch (erfunden).
model-for = Für die ketamingestützte Psychotherapie einer Angststörung ab { $years } Jahren, bei Patienten wie denen der Studie.
model-of-study = Wofür das Modell da ist, in den Worten seiner Studie
model-for-study = Für Patienten ab { $years } Jahren wie die jener Studie.
model-limits = Es stützt Ihr Urteil und ersetzt es nie; keine Behandlung soll allein wegen dieser Zahlen beginnen, sich ändern oder enden. Diese Seite ist keine Entscheidungshilfe: Möglichkeiten und ihre Schäden stehen hier nicht.
model-promoted = Für die Klinik freigegeben von { $by } am { $date } (Entscheidung { $decision }).
model-decided = Freigegeben von { $by } am { $date } (Entscheidung { $decision }).
model-overridden = Mit Ausnahme freigegeben von { $by } am { $date } (Entscheidung { $decision }): Nicht alle Prüfungen waren erfüllt.
model-not-met = Nicht erfüllt
model-withheld = Nicht angegeben, weil das Modell hier nicht dafür freigegeben ist: { $questions }.
model-notes = Anmerkungen
in-english = auf Englisch
landmark = Zeitpunkt: { $landmark }, Tag { $day }{ $date ->
    [none] {""}
   *[other] , { $date }
}.
defined-title = Was die Zahlen zählen
define-remission = Remission: { $scale } { $band }{ $drop ->
    [none] {""}
   *[other] , mindestens { $drop } Punkte besser als zu Beginn
}, bei der Messung, die der Mitte der Tage { $first } bis { $last } nach { $anchor ->
    [index] Tag 0
   *[other] der letzten Sitzung der akuten Behandlung
} am nächsten liegt.
define-remission-now = Remission: Alle gelten zum Zeitpunkt der Vorhersage als in Remission.
define-relapse = Rückfall: { $scale } { $band }, mindestens { $rise } Punkte schlechter als der beste Wert seit der Remission{ $confirm ->
    [yes] , bestätigt { $first } bis { $last } Tage später
   *[no] {""}
}; oder ein Ereignis ({ $events }).
define-relapse-event = Rückfall: ein Ereignis ({ $events }).
define-clock = Tag 0 für den Rückfall: { $start ->
    [landmark] der Zeitpunkt der Vorhersage.
   *[reading] der Tag der Messung, die über die Remission entscheidet.
}
define-competing = Konkurrierende Ereignisse ({ $events }) zählen weder als Rückfall noch als anhaltende Remission. Darum ist die dritte Zahl nicht einfach die erste mal dem Rest der zweiten.
at-most = höchstens { $number }
at-least = mindestens { $number }
synthetic = synthetisch
performance-none = Zu diesem Modell sind keine Gütemaße gespeichert.
not-validated = An echten Patienten geprüft: nein.
measured-held-out = Nicht zum Anpassen verwendete Patienten ({ $patients })
measured-updated = Nicht zum Anpassen verwendete Patienten nach einer Anpassung ({ $patients })
measured-external = Externe Patienten ({ $patients })
figure = { $estimate } ({ $low } bis { $high })
figure-auc = AUC { $estimate }
figure-calibration-slope = Kalibrierungssteigung { $estimate }
figure-observed-to-expected = beobachtet/erwartet { $estimate }
event-relapse = Rückfall
event-hospitalisation = Krankenhausaufenthalt
event-rescue_ketamine = Ketamin bei Verschlechterung
event-medication_increase = erhöhte Medikation
event-new_treatment = eine neue Behandlung
event-death = Tod

## Statt einer Seite

refused-over-title = Dieser Link ist abgelaufen
refused-over-text = Ein Link zu dieser Seite gilt nur kurz, um Ihre Daten zu schützen. Öffnen Sie sie neu aus der Akte.
refused-unknown-title = Dieser Link geht nicht
refused-unknown-text = Der Link ist nicht vollständig, oder ein anderer Dienst hat ihn gemacht. Öffnen Sie die Seite aus der Akte.
refused-gone-title = Diese Seite gibt es nicht mehr
refused-gone-text = Ihre Daten wurden gelöscht. Öffnen Sie die Seite neu aus der Akte.
refused-busy-title = Die Seite kann gerade nicht gezeigt werden
refused-busy-text = Der Dienst kann seine Daten im Moment nicht lesen. Laden Sie die Seite in einer Minute neu.

## Namen, die im Code englisch stehen

landmark-before-session-1 = vor Sitzung 1
landmark-before-session-2 = vor Sitzung 2
landmark-before-session-3 = vor Sitzung 3

unit-courses = Behandlungen
unit-days = Tage
unit-events = Ereignisse
unit-kg-m2 = kg/m²
unit-mg-day = mg/Tag
unit-mg-kg = mg/kg
unit-mmHg = mmHg
unit-mmHg-a-week = mmHg je Woche
unit-no-yes = nein/ja
unit-points = Punkte
unit-points-a-week = Punkte je Woche
unit-ratings = Messungen
unit-reliable-changes = verlässliche Änderungen
unit-reliable-changes-a-week = verlässliche Änderungen je Woche
unit-sessions = Sitzungen
unit-share = Anteil
unit-share-of-the-limit = der Grenze
unit-treatments = Behandlungen
unit-usual-doses = übliche Dosen
unit-usual-doses-a-week = übliche Dosen je Woche
unit-years = Jahre
unit-as-declared = laut Studie

category-sex = Geschlecht
choice-sex-female = weiblich
choice-sex-male = männlich
choice-sex-intersex = intergeschlechtlich

feature-baseline_severity_share = Schwere zu Beginn
feature-baseline_distance_to_remission = Abstand vom Wert zu Beginn bis zum Bereich der Remission
feature-drop_needed = Rückgang, den die Remission verlangt
feature-second_scale_severity_share = Schwere auf der zweiten Skala zu Beginn
feature-illness_duration_years = Erkrankungsdauer
feature-mean_baseline_distance_to_remission = mittlerer Abstand der ersten Werte bis zur Remission
feature-baseline_ratings = Zahl der Messungen zu Beginn
feature-prior_antidepressants_not_failed = frühere Antidepressiva ohne Misserfolg
feature-prior_other_medications_not_failed = andere frühere Medikamente ohne Misserfolg
feature-prior_psychotherapies_not_failed = frühere Psychotherapien ohne Misserfolg
feature-prior_stimulations_not_failed = frühere Hirnstimulation ohne Misserfolg
feature-prior_intensive_treatments_not_failed = frühere stationäre und Suchtbehandlungen ohne Misserfolg
feature-adequate_failures = ausreichende Behandlungen, die versagten
feature-earlier_response = Ansprechen auf eine frühere Behandlung
feature-prior_ketamine_not_failed = frühere Behandlungen mit Ketamin ohne Misserfolg
feature-ketamine_failures = frühere Behandlungen mit Ketamin, die versagten
feature-ketamine_responses = frühere Behandlungen mit Ketamin, die halfen
feature-benzodiazepine_running = laufendes Benzodiazepin
feature-benzodiazepine_mg = Benzodiazepin-Tagesdosis (Diazepam-Äquivalent)
feature-change_points = Besserung in Punkten seit Beginn
feature-change_share = anteilige Besserung seit Beginn
feature-change_reliable = Besserung seit Beginn
feature-distance_to_remission = Abstand der letzten Messung bis zum Bereich der Remission
feature-distance_to_criterion = Abstand der letzten Messung bis zur Remission
feature-mean_distance_to_criterion = Abstand der mittleren Messung bis zur Remission
feature-recent_distance_to_criterion = Abstand der Messungen seit der letzten Dosis bis zur Remission
feature-change_after_session_1 = Besserung nach Sitzung 1
feature-slope_per_week = Änderung der Schwere je Woche
feature-latest_severity_share = Schwere bei der letzten Messung
feature-best_share = niedrigste Schwere bisher
feature-worst_share = höchste Schwere bisher
feature-in_remission_band = letzte Messung im Bereich der Remission
feature-ratings_since_baseline = Zahl der Messungen seit Beginn
feature-days_since_last_rating = Tage seit der letzten Messung
feature-dosing_sessions = Zahl der Sitzungen mit Ketamin bisher
feature-psychotherapy_sessions = Zahl der Sitzungen Psychotherapie bisher
feature-days_since_last_dose = Tage seit der letzten Dosis
feature-days_between_doses = mittlere Zahl der Tage zwischen den Dosen
feature-route_parenteral = letzte Dosis gespritzt
feature-route_intranasal = letzte Dosis durch die Nase
feature-dose_relative_to_usual = mittlere Dosis im Verhältnis zur üblichen Dosis des Applikationswegs
feature-parenteral_dose_shortfall = wie weit die mittlere gespritzte Dosis unter 0,6 mg/kg liegt
feature-dose_of_route_limit = höchste Dosis im Verhältnis zur Grenze des Applikationswegs
feature-peak_distress = stärkste Belastung während einer Dosis
feature-peak_dissociation = stärkste Dissoziation während einer Dosis
feature-adverse_events = Zahl der Sitzungen mit einem unerwünschten Ereignis
feature-second_scale_severity_now = Schwere auf der zweiten Skala bei der letzten Messung
feature-age_years = Alter
feature-sex_female = weibliches Geschlecht
feature-diagnosis_gad = Diagnose einer generalisierten Angststörung
feature-diagnosis_social_anxiety = Diagnose einer sozialen Angststörung
feature-diagnosis_panic = Diagnose einer Panikstörung
feature-diagnosis_agoraphobia = Diagnose einer Agoraphobie
feature-diagnosis_ptsd = Diagnose einer PTBS
feature-diagnosis_ocd = Diagnose einer Zwangsstörung
feature-diagnosis_mixed_anxiety_depression = Diagnose von Angst und Depression, gemischt
feature-diagnosis_depression = Diagnose einer Depression
feature-diagnosis_substance_use = Diagnose einer Suchterkrankung
feature-diagnosis_other = eine andere Diagnose
feature-comorbid_depression = komorbide Depression
feature-comorbid_ptsd = komorbide PTBS
feature-comorbid_substance_use = komorbide Suchterkrankung
feature-comorbid_personality_disorder = komorbide Persönlichkeitsstörung
feature-family_history_alcohol = Alkoholsucht bei Eltern, Geschwistern oder Kindern
feature-body_mass_index = Body-Mass-Index
feature-childhood_trauma = Trauma in der Kindheit
feature-insomnia = Schlaflosigkeit vor Sitzung 1
feature-expectancy = Erwartung eines Nutzens vor Sitzung 1
feature-working_alliance = therapeutische Beziehung vor Sitzung 1

caution-ketamine_allergy = Allergie gegen Ketamin oder Esketamin eingetragen, eine Gegenanzeige von Esketamin: prüfen, ob überhaupt eine Dosis gegeben werden darf.
caution-ketamine_not_tolerated = Frühere Behandlung mit Ketamin eingetragen, die nicht vertragen wurde: klären, was geschah und ob es eine Allergie war.
caution-aneurysm_or_brain_haemorrhage = Aneurysmatische Erkrankung, arteriovenöse Fehlbildung oder Hirnblutung eingetragen, eine Gegenanzeige von Esketamin: berücksichtigen, was ein Anstieg des Blutdrucks anrichten kann.
caution-raised_intracranial_pressure = Erhöhter Hirndruck eingetragen: berücksichtigen, dass eine Dosis ihn weiter erhöhen kann.
caution-pregnant_or_breastfeeding = Schwangerschaft oder Stillzeit eingetragen: das Risiko für das Kind abwägen; Ketamin-Kliniken schließen sie aus.
caution-suicidal_intent = Suizidabsicht oder kürzlicher Versuch eingetragen: klären, wie bald und wo der Patient Hilfe braucht, vor jeder Zahl hier.
caution-suicidal_thoughts_item = Gedanken an Tod oder Suizid eingetragen, Frage 9 des PHQ-9 oder des BDI-II bei der letzten Messung: klären, wie bald und wo der Patient Hilfe braucht, vor jeder Zahl hier.
caution-psychosis_history = Psychotische Störung eingetragen: berücksichtigen, dass Ketamin psychotische Symptome auslösen kann; Ketamin-Kliniken schließen sie aus.
caution-mania_history = Manische Episode eingetragen: das Risiko eines Umschlagens in eine Manie abwägen; Ketamin-Kliniken schließen sie aus.
caution-family_history_psychosis = Psychotische Störung bei Verwandten ersten Grades eingetragen: das eigene Risiko des Patienten abwägen.
caution-resting_blood_pressure = Ruheblutdruck über { $resting_systolic }/{ $resting_diastolic } mmHg eingetragen: berücksichtigen, dass eine Dosis ihn für einige Stunden weiter erhöhen kann.
caution-dose_beyond_route = Dosis über der Grenze des Applikationswegs eingetragen (sublingual { $sublingual_dose }, oral { $oral_dose }, intramuskulär { $intramuscular_dose }, subkutan { $subcutaneous_dose }, intravenös { $intravenous_dose }, nasal { $intranasal_dose } mg/kg): prüfen, ob der Eintrag stimmt, und wenn ja, Sedierung und Blutdruck abwägen.
caution-dose_without_route = Dosis über { $smallest_dose } mg/kg ohne Applikationsweg eingetragen: prüfen, ob sie innerhalb der Grenze des Wegs liegt (sublingual { $sublingual_dose }, oral { $oral_dose }, intramuskulär { $intramuscular_dose }, subkutan { $subcutaneous_dose }, intravenös { $intravenous_dose }, nasal { $intranasal_dose } mg/kg).
caution-session_blood_pressure = Sitzung mit einem systolischen Blutdruck über { $peak_systolic } mmHg eingetragen: berücksichtigen, dass jede Dosis ihn so weit erhöhen kann.
caution-blood_pressure_rise = Sitzung mit einem systolischen Blutdruck eingetragen, der um { $systolic_rise } mmHg oder mehr über dem in Ruhe lag: berücksichtigen, dass jede Dosis ihn so weit erhöhen kann.
caution-uncontrolled_heart_disease = Nicht eingestellte Herzkrankheit eingetragen: berücksichtigen, dass eine Dosis Blutdruck und Puls erhöht.
caution-severe_liver_disease = Schwere Lebererkrankung eingetragen: den langsameren Abbau und den Schaden wiederholter Dosen abwägen.
caution-bladder_disease = Erkrankung der Blase eingetragen: die Zahl der Dosen abwägen; starker Gebrauch von Ketamin geht mit Blasenentzündung einher.
caution-active_substance_use = Schädlicher Gebrauch von Alkohol oder Drogen in den letzten drei Monaten eingetragen: das Risiko eines Missbrauchs abwägen und berücksichtigen, was zusammen mit einer Dosis genommen wird.
caution-substance_use_disorder = Suchterkrankung oder laufende Behandlung dafür eingetragen: das Risiko eines Missbrauchs und eines Rückfalls in den Gebrauch abwägen.
caution-opioid_use = Gebrauch eines Opioids eingetragen: das Risiko für Sedierung und Atmung abwägen; es verstärkt die Wirkung einer Dosis.
caution-maoi_running = Laufender Monoaminoxidase-Hemmer eingetragen: das Risiko eines Blutdruckanstiegs abwägen.
caution-benzodiazepine_dose = Benzodiazepin von täglich mehr als { $benzodiazepine } mg Diazepam oder ebenso viel eines anderen eingetragen: Sedierung und eine schwächere Wirkung der Dosis abwägen.
caution-benzodiazepine = Laufendes Benzodiazepin eingetragen: die Sedierung abwägen; es verstärkt die Wirkung einer Dosis.
caution-personality_disorder = Persönlichkeitsstörung eingetragen: Art und Schwere abwägen; Kliniken schließen die schweren aus, vor allem paranoide und Borderline-Störungen.
caution-high_dissociation = Dissoziation über { $dissociation } Punkten der CADSS eingetragen: die Dosis und die Begleitung während einer Sitzung abwägen.
caution-adverse_event = Unerwünschtes Ereignis in einer Sitzung eingetragen: klären, was es war und ob es wiederkommen kann.
caution-high_body_mass_index = Body-Mass-Index über { $body_mass_index } kg/m² eingetragen: den Atemweg und die Belastung des Herzens unter Sedierung abwägen.

reason-landmark_not_reached = Kein Zeitpunkt der Vorhersage ist erreicht: Eine Sitzung fehlt, liegt noch vor dem Patienten, oder die Behandlung ist beendet.
reason-age_outside = Das Alter liegt außerhalb der Grenzen des Protokolls.
reason-died = Der Patient ist gestorben.
reason-withdrew = Der Patient hat sich zurückgezogen.
reason-ended_before = Ein Rückfall, ein konkurrierendes Ereignis oder das Ende der Nachbeobachtung ist schon eingetreten.
reason-no_baseline = Keine der Skalen, die das Ergebnis bestimmen, wurde zu Beginn erhoben.
reason-baseline_in_remission = Der Wert zu Beginn liegt schon im Bereich der Remission.
reason-no_dosing_session = In der akuten Behandlung gibt es keine Sitzung mit Ketamin.
reason-already_decided = Eine Messung hat schon über die Remission entschieden.
reason-window_over = Das Fenster für die Remission schloss sich ohne eine Messung.
reason-not_learned = Die Entwicklungskohorte hat zu wenige Ergebnisse, um hier Remission oder Rückfall vorherzusagen.
reason-outside_training = Der Patient ist zu anders als die Patienten der Studie.
reason-not_promoted = Das Modell ist an diesem Zeitpunkt der Vorhersage für keine Frage für die Klinik freigegeben.

remedy-landmark_not_reached = Die Akte erneut senden, wenn der nächste Zeitpunkt der Vorhersage erreicht ist.
remedy-no_baseline = Eine Messung von Tag 0 oder davor nachtragen, falls es eine gab.
remedy-no_dosing_session = Die bisherigen Sitzungen nachtragen, falls es welche gab.
remedy-not_learned = Ein Modell verwenden, das an mehr Patienten angepasst wurde.
remedy-outside_training = Mehr von dem eintragen, was von den meisten Patienten der Studie bekannt war.
remedy-not_promoted = Eine Version des Modells für die Klinik an diesem Zeitpunkt freigeben.

unlike-out_of_range = { $verdict ->
    [outside] { $feature } liegt weit außerhalb des Bereichs der Studie
   *[other] { $feature } liegt außerhalb des Bereichs der Studie
}
unlike-unseen_category = { $verdict ->
    [outside] { $feature } hat einen Wert, den kein Patient der Studie hatte
   *[other] { $feature } hat einen Wert, der in der Studie selten war
}
unlike-too_little_recorded = { $verdict ->
    [outside] zu wenig ist eingetragen
   *[other] weniger ist eingetragen als bei 99 von 100 Patienten der Studie
}
unlike-beyond_plausible = { $feature } ist unglaubhaft hoch
unlike-unlike_in_combination = { $verdict ->
    [outside] die Werte kommen zusammen bei keinem Patienten der Studie vor
   *[other] die Werte kommen zusammen bei 99 von 100 Patienten der Studie nicht vor
}

## Anmerkungen zum Modell

note-average-few = das seltenere Ergebnis hatten { $rarer } von { $patients } Patienten, nötig sind { $needed }: alle erhalten das mittlere Risiko der Kohorte
note-average-no-better = kein Kandidat sagte Patienten, die nicht zum Anpassen verwendet wurden, gesichert besser voraus als der Durchschnitt: alle erhalten das mittlere Risiko der Kohorte
note-competing-one-rate = konkurrierende Ereignisse haben für alle eine Rate: eine Regression war bei Patienten, die nicht zum Anpassen verwendet wurden, nicht gesichert besser
note-competing-predicted = konkurrierende Ereignisse werden aus den Merkmalen vorhergesagt
note-followed = zu wenige Patienten wurden über Tag { $day } hinaus beobachtet: spätere Tage werden nicht vorhergesagt
note-too-few = zu wenige Patienten oder Ergebnisse für ein Modell: nichts wird vorhergesagt
note-not-fitted = nicht angepasst, weil es zu wenige Trainingsdaten gibt

## Namen der Skalen und Angaben zu einer anderen Person

score-gad7 = im Angst-Fragebogen (GAD-7)
score-hama = auf der Angst-Skala (HAM-A)
score-lsas = auf der Skala für soziale Angst (LSAS)
score-pdss = auf der Panik-Skala (PDSS)
score-pcl5 = im Trauma-Fragebogen (PCL-5)
score-ybocs = auf der Zwangs-Skala (Y-BOCS)
score-other = auf der Skala { $scale }
ask-illness_duration_years = wie lange diese Person schon krank ist
ask-age_years = Alter dieser Person
ask-body_mass_index = Gewicht und Größe dieser Person (Body-Mass-Index)
ask-expectancy = wie viel Hilfe diese Person vor Sitzung 1 erwartete
ask-working_alliance = wie gut es bei dieser Person vor Sitzung 1 mit der Therapie ging

## Einfache Namen für die behandelte Person

plain-baseline_severity_share = wie stark die Beschwerden am Anfang waren
plain-baseline_distance_to_remission = wie weit es am Anfang bis zur Remission war
plain-drop_needed = wie viel besser es werden muss
plain-second_scale_severity_share = wie stark die Beschwerden am Anfang auf der zweiten Skala waren
plain-illness_duration_years = wie lange Sie schon krank sind
plain-mean_baseline_distance_to_remission = wie weit es am Anfang bis zur Remission war
plain-baseline_ratings = wie oft am Anfang gemessen wurde
plain-prior_antidepressants_not_failed = Zahl der früheren Mittel gegen Depression ohne Misserfolg
plain-prior_other_medications_not_failed = Zahl der anderen früheren Mittel ohne Misserfolg
plain-prior_psychotherapies_not_failed = Zahl der früheren Gespräche in Therapie ohne Misserfolg
plain-prior_stimulations_not_failed = Zahl der früheren Reizungen des Gehirns ohne Misserfolg
plain-prior_intensive_treatments_not_failed = Zahl der früheren Zeiten in einer Klinik ohne Misserfolg
plain-adequate_failures = wie viele frühere Mittel und Therapien nicht halfen
plain-earlier_response = ob früher etwas half
plain-benzodiazepine_running = ein Mittel zur Ruhe (Benzodiazepin)
plain-benzodiazepine_mg = wie viel Sie von einem Mittel zur Ruhe nehmen (Benzodiazepin)
plain-change_points = wie viel besser es seit dem Anfang geht
plain-change_share = wie viel besser es seit dem Anfang geht
plain-change_reliable = wie viel besser es seit dem Anfang geht
plain-distance_to_remission = wie weit es jetzt bis zur Remission ist
plain-distance_to_criterion = wie weit es jetzt bis zur Remission ist
plain-mean_distance_to_criterion = wie weit es bisher bis zur Remission war
plain-recent_distance_to_criterion = wie weit es seit der letzten Dosis bis zur Remission ist
plain-change_after_session_1 = wie viel besser es nach Sitzung 1 ging
plain-slope_per_week = wie stark die Beschwerden von Woche zu Woche zunehmen
plain-latest_severity_share = wie stark die Beschwerden jetzt sind
plain-best_share = wie stark die Beschwerden bei der besten Messung noch waren
plain-worst_share = wie stark die Beschwerden bei der schlimmsten Messung waren
plain-in_remission_band = zuletzt kaum noch Beschwerden
plain-ratings_since_baseline = wie oft gemessen wurde
plain-dose_relative_to_usual = wie hoch die Dosis war, gemessen an der üblichen
plain-parenteral_dose_shortfall = wie weit die gespritzte Dosis unter 0,6 mg/kg lag
plain-dose_of_route_limit = wie hoch die Dosis war, gemessen an der höchsten
plain-peak_dissociation = wie fern Sie sich selbst bei einer Dosis waren
plain-adverse_events = Zahl der Sitzungen, in denen etwas schiefging
plain-second_scale_severity_now = wie stark die Beschwerden jetzt auf der zweiten Skala sind
plain-age_years = Ihr Alter
plain-sex_female = dass Sie eine Frau sind
plain-comorbid_depression = Depression dazu
plain-comorbid_ptsd = Folgen eines Traumas dazu (PTBS)
plain-comorbid_substance_use = Sucht dazu
plain-comorbid_personality_disorder = Störung der Persönlichkeit dazu
plain-family_history_alcohol = Sucht nach Alkohol in der Familie
plain-body_mass_index = Gewicht und Größe (Body-Mass-Index)
plain-childhood_trauma = Leid in der Kindheit
plain-insomnia = schlechter Schlaf vor Sitzung 1
plain-expectancy = wie viel Hilfe Sie vor Sitzung 1 erwarteten
plain-working_alliance = wie gut es vor Sitzung 1 mit der Therapie ging
