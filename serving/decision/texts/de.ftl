### Die Texte der Seite für die gemeinsame Entscheidung. Der Teil für Patienten ist einfach: ein Test misst es.

## Die Seite

title = Besserung und Rückfall: Zahlen für das Gespräch
skip = Zu den Zahlen
languages = Sprache
link-minutes = { $minutes ->
    [one] Dieser Link gilt 1 Minute. Drucken Sie die Seite, wenn Sie sie behalten wollen.
   *[other] Dieser Link gilt { $minutes } Minuten. Drucken Sie die Seite, wenn Sie sie behalten wollen.
}
synthetic-title = Erfundene Daten: nicht zum Entscheiden
synthetic-text = Dieses Modell beruht auf erfundenen (synthetischen) Menschen. Die Zahlen sagen nichts über einen echten Menschen.
research = Das ist Software für die Forschung. Sie ist kein Medizinprodukt und gibt keinen Rat.

## Die Zahlen, für Patienten und Angehörige

patient-title = Für Sie und Ihre Familie
known-until = { $date ->
    [none] Die Zahlen nutzen, was { $landmark } bekannt war, am Tag { $day } der Behandlung.
   *[other] Die Zahlen nutzen, was { $landmark } bekannt war, am { $date }.
}
date = { DATETIME($date, dateStyle: "long") }

outcome-remission = Kaum noch Beschwerden
outcome-relapse = Beschwerden kommen wieder
outcome-sustained = Länger kaum Beschwerden
of-100 = { $people ->
    [0] weniger als 1
    [100] mehr als 99
   *[other] etwa { $people }
} von 100
sentence-remission = { $people ->
    [0] Von 100 Menschen wie Ihnen hat weniger als 1
    [100] Von 100 Menschen wie Ihnen haben mehr als 99
    [1] Von 100 Menschen wie Ihnen hat etwa 1
   *[other] Von 100 Menschen wie Ihnen haben etwa { $people }
} einige Wochen nach der letzten Sitzung kaum noch Beschwerden. Das heißt Remission.
sentence-relapse = { $people ->
    [0] Von 100 Menschen in Remission hat weniger als 1
    [100] Von 100 Menschen in Remission haben mehr als 99
    [1] Von 100 Menschen in Remission hat etwa 1
   *[other] Von 100 Menschen in Remission haben etwa { $people }
} in { $time } einen Rückfall. Das heißt: Die Beschwerden kommen wieder.
sentence-sustained = { $people ->
    [0] Von 100 Menschen wie Ihnen erreicht weniger als 1 die Remission und hat
    [100] Von 100 Menschen wie Ihnen erreichen mehr als 99 die Remission und haben
    [1] Von 100 Menschen wie Ihnen erreicht etwa 1 die Remission und hat
   *[other] Von 100 Menschen wie Ihnen erreichen etwa { $people } die Remission und haben
} { $time } lang keinen Rückfall.
sooner-relapse = In { $time }: { $number }.
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
sure-medium = Diese Zahl ist nur zum Teil sicher.
sure-low = Diese Zahl ist unsicher.
average-number = Das Modell gibt allen dieselbe Zahl. Es kann die Menschen hier nicht unterscheiden. Darum gibt es keine Spanne.
no-range = Dieses Modell gibt keine Spanne an. Darum wissen wir nicht, wie sicher die Zahl ist.
range-meaning = Die Spanne (90-%-Intervall) zeigt, wie sehr die Zahl anders wäre, wenn andere Menschen in der Studie gewesen wären. Sie sagt nicht, was bei Ihnen geschieht.
edge-patient = Sie sind anders als die meisten Menschen in der Studie. Darum sind alle Zahlen hier weniger sicher als sonst.

icons-title = { $number }, gezeigt als 100 Menschen
icons-range = { $low } Menschen sind gefüllt. { $between } sind abgestuft: das ist die Spanne. { $empty } sind leer.
icons-plain = { $people } Menschen sind gefüllt. { $empty } sind leer.
legend-title = So liest man die 100 Menschen
legend-filled = Gefüllt: trifft auch am unteren Ende ein
legend-shaded = Abgestuft: die Spanne. Je kräftiger, desto eher
legend-empty = Leer: auch am oberen Ende nicht
legend-filled-plain = Gefüllt: Es trifft ein
legend-empty-plain = Leer: Es trifft nicht ein

curve-title = Wann kommen die Beschwerden wieder?
curve-caption = Die Linie zeigt: So viele von 100 Menschen in Remission hatten bis zu jeder Woche einen Rückfall.
curve-caption-band = Das helle Band ist die Spanne.
curve-weeks = Wochen seit der Remission
curve-people = Menschen von 100
curve-summary = { $people } bis Woche { $week }
curve-table = Die Kurve als Tabelle
column-week = Woche
column-people = Rückfall, von 100
column-range = Spanne

weighing-title = Was dafür und was dagegen spricht
weighing-intro = In der Studie gingen diese Punkte mit einem besseren oder einem schlechteren Ergebnis einher. Sie sind nicht der Grund dafür.
weighing-for = Für die Remission
weighing-against = Gegen die Remission
weighing-for-relapse = Für keinen Rückfall
weighing-against-relapse = Dagegen: für einen Rückfall
weighing-nothing = Nichts, was auffällt.
weighing-average = Nichts: Das Modell gibt allen dieselbe Zahl.
weighing-most = vor allem: { $feature }
group-baseline-severity = wie stark die Beschwerden am Anfang waren
group-treatment-history = was vorher schon versucht wurde
group-early-response = wie es seit der ersten Sitzung lief
group-patient-context = was Sie mitbringen, etwa Alter oder andere Leiden
group-study-covariate = anderes, wonach diese Studie fragte

missing-patient = { $number ->
    [0] Alles, was das Modell nutzt, war bekannt.
    [one] Eine Angabe, die das Modell nutzt, fehlte. Mit ihr könnten die Zahlen anders sein.
   *[other] { $number } Angaben, die das Modell nutzt, fehlten. Mit ihnen könnten die Zahlen anders sein.
}

limits-title = Was die Zahlen nicht sagen
limits-treat = <b>Sollen Sie eine Behandlung beginnen, weiter machen oder beenden? Brauchen Sie mehr Sitzungen, um gesund zu bleiben? Das kann dieses Modell nicht sagen.</b> Alle Menschen in der Studie wurden behandelt. Die Zahlen sagen, was danach oft kommt. Sie sagen nicht, was die Behandlung bewirkt. Sie sagen auch nicht, was ohne sie käme.
limits-person = Die Zahlen gelten für Gruppen von Menschen. Niemand weiß, was bei Ihnen geschieht. Sprechen Sie zusammen darüber.

what-if-title = Die Zahlen eines anderen Menschen
what-if-intro = Einiges ist noch offen. Tragen Sie etwas ein, dann sehen Sie die Zahlen eines <b>anderen Menschen</b>. Er ist nur in diesen Angaben anders als Sie. Das ist <b>nicht die Wirkung einer Behandlung</b> und auch nicht die einer Änderung.
what-if-rating = Nächste Messung ({ $scale })
what-if-range = { $low } bis { $high }
what-if-range-unit = { $low } bis { $high } { $unit }
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
nothing-died = In der Akte steht, dass der Patient gestorben ist.
nothing-withdrew = In der Akte steht, dass die Behandlung vorher endete.
nothing-ended_before = Ein Rückfall oder das Ende der Behandlung ist schon eingetragen.
nothing-no_baseline = Es fehlt eine Messung der Beschwerden von vor der ersten Sitzung.
nothing-baseline_in_remission = Am Anfang gab es kaum Beschwerden. Das Modell ist für Menschen, die mehr hatten.
nothing-no_dosing_session = Es ist keine Sitzung eingetragen.
nothing-already_decided = Eine Messung nach der Behandlung zeigt schon, wie sie ausging.
nothing-window_over = Die Zeit für die letzte Messung ist um, und es gibt keine.
nothing-not_learned = In der Studie waren zu wenige Menschen, um eine Zahl zu nennen.
nothing-outside_training = Sie sind zu anders als die Menschen in der Studie.
nothing-other = Das Modell nennt einen Grund, den diese Seite nicht kennt.

## Für die Behandelnden

clinician-title = Für die Behandelnden
reason-title = Warum es keine Zahl gibt
cautions-title = Warnhinweise
cautions-intro = Tatsachen aus der Akte, die abzuwägen sind, was auch immer die Zahlen sagen.
cautions-none = Keine aus dem, was eingetragen ist. Das heißt nicht: kein Risiko. Was nicht eingetragen ist, gibt keinen Hinweis.
source = Quelle
exact-title = Genaue Zahlen
exact-caption = Zeiten zählen ab der Remission
exact-outcome = Ergebnis
exact-probability = Wahrschein­lichkeit
exact-interval = 90-%-Intervall
exact-remission = Remission
exact-relapse = Rückfall in { $time }
exact-sustained = Remission, { $time } ohne Rückfall
percent = { $number } %
percent-range = { $low } bis { $high } %
no-interval = keines
contributions-title = Beiträge
contributions-intro = In Log-Odds. Sie sind Zusammenhänge in der Entwicklungskohorte, keine Ursachen.
contributions-remission = Remission
contributions-relapse = Rückfall
contributions-more = wahrscheinlicher: { $features }
contributions-less = unwahrscheinlicher: { $features }
contributions-average = keine Beiträge: alle erhalten das mittlere Risiko der Kohorte
nothing-listed = nichts
contribution = { $feature } { $weight }
contribution-value = { $feature } ({ $value }) { $weight }
number-unit = { $number } { $unit }
decimal-mark = ,
yes = ja
no = nein
missing-title = Nicht eingetragen
missing-used = Vom Modell genutzt: { $features }.
missing-other = { $number ->
    [0] {""}
    [one] 1 weiteres Merkmal war nicht eingetragen.
   *[other] { $number } weitere Merkmale waren nicht eingetragen.
}
missing-none = Alle Merkmale waren eingetragen.
unused-rows = { $number ->
    [0] {""}
    [one] 1 Eintrag kam nach dem Zeitpunkt der Vorhersage und wurde nicht genutzt.
   *[other] { $number } Einträge kamen nach dem Zeitpunkt der Vorhersage und wurden nicht genutzt.
}
like-title = Wie die Patienten der Studie?
like-inside = Ja. Eine Gewähr ist das nicht: Patienten können in Dingen anders sein, die nicht eingetragen wurden.
like-edge = Am Rand. Die Zahlen sind weniger sicher: { $why }.
like-outside = Nein: { $why }.
like-unknown = Das Modell beschreibt die Patienten seiner Studie nicht.
model-title = Das Modell
model-fitted = Version { $version } ({ $digest }), Vorhersage { $id }. { $heads }
model-head-remission = Remission: an { $number } Patienten angepasst.
model-head-relapse = Rückfall: an { $number } Patienten angepasst.
model-synthetic = Sie alle sind synthetisch (erfunden).
model-for = Es ist für die ketamingestützte Psychotherapie einer Angststörung bei Menschen ab { $years } Jahren, die denen der Studie gleichen. Es ist nicht für andere Behandlungen und nicht für Patienten, die anders sind als die der Studie. Es stützt Ihr Urteil und ersetzt es nie. Keine Behandlung soll allein wegen dieser Zahlen beginnen, sich ändern oder enden.
model-notes = Anmerkungen

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
unit-kg-m2 = kg/m²
unit-mg-day = mg/Tag
unit-mg-kg = mg/kg
unit-no-yes = nein/ja
unit-points = Punkte
unit-ratings = Messungen
unit-reliable-changes = verlässliche Änderungen
unit-reliable-changes-a-week = verlässliche Änderungen je Woche
unit-sessions = Sitzungen
unit-share = Anteil
unit-share-of-the-limit = der Grenze
unit-treatments = Behandlungen
unit-usual-doses = übliche Dosen
unit-years = Jahre
unit-as-declared = laut Studie

category-sex = Geschlecht
choice-sex-female = weiblich
choice-sex-male = männlich
choice-sex-intersex = intergeschlechtlich

feature-baseline_severity_share = Schwere zu Beginn
feature-baseline_distance_to_remission = Abstand vom Wert zu Beginn bis zur Remission
feature-drop_needed = Rückgang, den die Remission verlangt
feature-second_scale_severity_share = Schwere auf der zweiten Skala zu Beginn
feature-illness_duration_years = Dauer der Krankheit
feature-mean_baseline_distance_to_remission = mittlerer Abstand der ersten Werte bis zur Remission
feature-baseline_ratings = Zahl der Messungen zu Beginn
feature-prior_antidepressants_not_failed = frühere Antidepressiva, die nicht versagten
feature-prior_other_medications_not_failed = andere frühere Medikamente, die nicht versagten
feature-prior_psychotherapies_not_failed = frühere Psychotherapien, die nicht versagten
feature-prior_stimulations_not_failed = frühere Hirnstimulation, die nicht versagte
feature-prior_intensive_treatments_not_failed = frühere stationäre und Suchtbehandlungen, die nicht versagten
feature-adequate_failures = ausreichende Behandlungen, die versagten
feature-earlier_response = Ansprechen auf eine frühere Behandlung
feature-prior_ketamine_not_failed = frühere Behandlungen mit Ketamin, die nicht versagten
feature-ketamine_failures = frühere Behandlungen mit Ketamin, die versagten
feature-ketamine_responses = frühere Behandlungen mit Ketamin, die halfen
feature-benzodiazepine_running = laufendes Benzodiazepin
feature-benzodiazepine_mg = Benzodiazepin am Tag, als Diazepam
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
feature-dose_relative_to_usual = mittlere Dosis, gemessen an der üblichen ihres Weges
feature-parenteral_dose_shortfall = wie weit die mittlere gespritzte Dosis unter 0,6 mg/kg liegt
feature-dose_of_route_limit = höchste Dosis, gemessen an der Grenze ihres Weges
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
feature-comorbid_depression = Depression außerdem
feature-comorbid_ptsd = PTBS außerdem
feature-comorbid_substance_use = Suchterkrankung außerdem
feature-comorbid_personality_disorder = Persönlichkeitsstörung außerdem
feature-family_history_alcohol = Alkoholsucht bei Eltern, Geschwistern oder Kindern
feature-body_mass_index = Body-Mass-Index
feature-childhood_trauma = Trauma in der Kindheit
feature-insomnia = Schlaflosigkeit vor Sitzung 1
feature-expectancy = Erwartung eines Nutzens vor Sitzung 1
feature-working_alliance = therapeutische Beziehung vor Sitzung 1

caution-ketamine_allergy = Eine Allergie gegen Ketamin oder Esketamin ist eingetragen, eine Gegenanzeige von Esketamin: Abwägen, ob überhaupt eine Dosis gegeben werden darf.
caution-ketamine_not_tolerated = Eine frühere Behandlung mit Ketamin, die nicht vertragen wurde, ist eingetragen: Abwägen, was geschah und ob es eine Allergie war.
caution-aneurysm_or_brain_haemorrhage = Eine aneurysmatische Erkrankung, eine arteriovenöse Fehlbildung oder eine Hirnblutung ist eingetragen, eine Gegenanzeige von Esketamin: Abwägen, was ein Anstieg des Blutdrucks anrichten kann.
caution-raised_intracranial_pressure = Ein erhöhter Hirndruck ist eingetragen: Abwägen, dass eine Dosis ihn weiter erhöhen kann.
caution-pregnant_or_breastfeeding = Schwangerschaft oder Stillzeit ist eingetragen: Das Risiko für das Kind abwägen; Ketamin-Kliniken schließen sie aus.
caution-suicidal_intent = Eine Suizidabsicht oder ein kürzlicher Versuch ist eingetragen: Abwägen, wie bald und wo der Patient Hilfe braucht, vor jeder Zahl hier.
caution-suicidal_thoughts_item = Gedanken an Tod oder Suizid, Frage 9 des PHQ-9 oder des BDI-II bei der letzten Messung, sind eingetragen: Abwägen, wie bald und wo der Patient Hilfe braucht, vor jeder Zahl hier.
caution-psychosis_history = Eine psychotische Störung ist eingetragen: Abwägen, dass Ketamin psychotische Symptome auslösen kann; Ketamin-Kliniken schließen sie aus.
caution-mania_history = Eine manische Episode ist eingetragen: Das Risiko eines Umschlags in die Manie abwägen; Ketamin-Kliniken schließen sie aus.
caution-family_history_psychosis = Eine psychotische Störung bei Verwandten ersten Grades ist eingetragen: Das eigene Risiko des Patienten abwägen.
caution-resting_blood_pressure = Ein Blutdruck in Ruhe über { $resting_systolic }/{ $resting_diastolic } mmHg ist eingetragen: Abwägen, dass eine Dosis ihn für einige Stunden weiter erhöht.
caution-dose_beyond_route = Eine Dosis über dem, was ihr Weg erlaubt (sublingual { $sublingual_dose }, oral { $oral_dose }, intramuskulär { $intramuscular_dose }, subkutan { $subcutaneous_dose }, intravenös { $intravenous_dose }, nasal { $intranasal_dose } mg/kg), ist eingetragen: Abwägen, ob der Eintrag stimmt, und wenn ja, Sedierung und Blutdruck.
caution-dose_without_route = Eine Dosis über { $smallest_dose } mg/kg ohne ihren Weg ist eingetragen: Abwägen, ob sie innerhalb der Grenze ihres Weges liegt (sublingual { $sublingual_dose }, oral { $oral_dose }, intramuskulär { $intramuscular_dose }, subkutan { $subcutaneous_dose }, intravenös { $intravenous_dose }, nasal { $intranasal_dose } mg/kg).
caution-session_blood_pressure = Eine Sitzung mit einem systolischen Blutdruck über { $peak_systolic } mmHg ist eingetragen: Abwägen, dass jede Dosis ihn so weit erhöhen kann.
caution-blood_pressure_rise = Eine Sitzung mit einem systolischen Blutdruck, der um { $systolic_rise } mmHg oder mehr über dem in Ruhe lag, ist eingetragen: Abwägen, dass jede Dosis ihn so weit erhöhen kann.
caution-uncontrolled_heart_disease = Eine nicht eingestellte Herzkrankheit ist eingetragen: Abwägen, dass eine Dosis Blutdruck und Puls erhöht.
caution-severe_liver_disease = Eine schwere Lebererkrankung ist eingetragen: Den langsameren Abbau und den Schaden wiederholter Dosen abwägen.
caution-bladder_disease = Eine Erkrankung der Blase ist eingetragen: Die Zahl der Dosen abwägen; starker Gebrauch von Ketamin geht mit Blasenentzündung einher.
caution-active_substance_use = Schädlicher Gebrauch von Alkohol oder Drogen in den letzten drei Monaten ist eingetragen: Missbrauch abwägen und was zusammen mit einer Dosis genommen wird.
caution-substance_use_disorder = Eine Suchterkrankung oder eine laufende Behandlung dafür ist eingetragen: Missbrauch und Rückfall in den Gebrauch abwägen.
caution-opioid_use = Der Gebrauch eines Opioids ist eingetragen: Sedierung und Atmung abwägen; es verstärkt die Wirkung einer Dosis.
caution-maoi_running = Ein Monoaminoxidase-Hemmer, der noch genommen wird, ist eingetragen: Einen Anstieg des Blutdrucks abwägen.
caution-benzodiazepine_dose = Ein Benzodiazepin von täglich mehr als { $benzodiazepine } mg Diazepam oder ebenso viel eines anderen ist eingetragen: Sedierung und eine schwächere Wirkung der Dosis abwägen.
caution-benzodiazepine = Ein Benzodiazepin, das noch genommen wird, ist eingetragen: Sedierung abwägen; es verstärkt die Wirkung einer Dosis.
caution-personality_disorder = Eine Persönlichkeitsstörung ist eingetragen: Art und Schwere abwägen; Kliniken schließen die schweren aus, vor allem paranoide und Borderline-Störungen.
caution-high_dissociation = Eine Dissoziation über { $dissociation } Punkten der CADSS ist eingetragen: Die Dosis und die Begleitung während einer Sitzung abwägen.
caution-adverse_event = Ein unerwünschtes Ereignis in einer Sitzung ist eingetragen: Abwägen, was es war und ob es wiederkommen kann.
caution-high_body_mass_index = Ein Body-Mass-Index über { $body_mass_index } kg/m² ist eingetragen: Den Atemweg und die Belastung des Herzens unter Sedierung abwägen.

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

remedy-landmark_not_reached = Die Akte erneut senden, wenn der nächste Zeitpunkt der Vorhersage erreicht ist.
remedy-no_baseline = Eine Messung von Tag 0 oder davor nachtragen, falls es eine gab.
remedy-no_dosing_session = Die bisherigen Sitzungen nachtragen, falls es welche gab.
remedy-not_learned = Ein Modell verwenden, das an mehr Patienten angepasst wurde.
remedy-outside_training = Mehr von dem eintragen, was von den meisten Patienten der Studie bekannt war.

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

## Einfache Namen für Patienten

plain-baseline_severity_share = wie stark die Beschwerden am Anfang waren
plain-baseline_distance_to_remission = wie weit es am Anfang bis zur Remission war
plain-drop_needed = wie viel besser es werden muss
plain-second_scale_severity_share = die zweite Skala am Anfang
plain-illness_duration_years = wie lange Sie schon krank sind
plain-mean_baseline_distance_to_remission = wie weit es am Anfang bis zur Remission war
plain-baseline_ratings = wie oft am Anfang gemessen wurde
plain-prior_antidepressants_not_failed = frühere Mittel gegen Depression, die nicht versagten
plain-prior_other_medications_not_failed = andere frühere Mittel, die nicht versagten
plain-prior_psychotherapies_not_failed = frühere Gespräche in Therapie, die nicht versagten
plain-prior_stimulations_not_failed = frühere Reizung des Gehirns, die nicht versagte
plain-prior_intensive_treatments_not_failed = früher in einer Klinik, ohne dass es versagte
plain-adequate_failures = was früher nicht half
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
plain-slope_per_week = wie es sich von Woche zu Woche ändert
plain-latest_severity_share = wie stark die Beschwerden jetzt sind
plain-best_share = wie schwach die Beschwerden bisher waren
plain-worst_share = wie stark die Beschwerden bisher waren
plain-in_remission_band = zuletzt kaum noch Beschwerden
plain-ratings_since_baseline = wie oft gemessen wurde
plain-dose_relative_to_usual = die Dosis, gemessen an der üblichen
plain-parenteral_dose_shortfall = eine kleine Dosis
plain-dose_of_route_limit = die Dosis, gemessen an der höchsten
plain-peak_dissociation = wie fern Sie sich selbst bei einer Dosis waren
plain-adverse_events = Sitzungen, in denen etwas schiefging
plain-second_scale_severity_now = die zweite Skala jetzt
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
