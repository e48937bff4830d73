### The texts of the page for the shared decision. The patient's part is plain: a test measures its reading level.
### English names of features, units, landmarks and cautions stand in the code, once.

## The page

title = Remission and relapse: numbers to talk about
skip = Go to the numbers
languages = Language
link-minutes = { $minutes ->
    [one] This link works for 1 minute. Print the page if you want to keep it.
   *[other] This link works for { $minutes } minutes. Print the page if you want to keep it.
}
synthetic-title = Made-up data: do not use this to decide
synthetic-text = This model was built from made-up (synthetic) people. Its numbers say nothing about any real person.
research = This is research software. It is not a medical device and gives no advice.

## The numbers, for patient and family

patient-title = For you and your family
known-until = { $date ->
    [none] These numbers use what was known { $landmark }, on day { $day } of the course.
   *[other] These numbers use what was known { $landmark }, on { $date }.
}
date = { DATETIME($date, dateStyle: "long") }

outcome-remission = Hardly any symptoms left
outcome-relapse = Symptoms coming back
outcome-sustained = Hardly any symptoms for longer
of-100 = { $people ->
    [0] fewer than 1
    [100] more than 99
   *[other] about { $people }
} of 100
sentence-remission = { $people ->
    [0] Of 100 people like you, fewer than 1 has
    [100] Of 100 people like you, more than 99 have
    [1] Of 100 people like you, about 1 has
   *[other] Of 100 people like you, about { $people } have
} hardly any symptoms left some weeks after the last session. This is called remission.
sentence-relapse = { $people ->
    [0] Of 100 people in remission, fewer than 1 has
    [100] Of 100 people in remission, more than 99 have
    [1] Of 100 people in remission, about 1 has
   *[other] Of 100 people in remission, about { $people } have
} a relapse within { $time }. This means that the symptoms come back.
sentence-sustained = { $people ->
    [0] Of 100 people like you, fewer than 1 reaches remission and has
    [100] Of 100 people like you, more than 99 reach remission and have
    [1] Of 100 people like you, about 1 reaches remission and has
   *[other] Of 100 people like you, about { $people } reach remission and have
} no relapse for { $time }.
sooner-relapse = Within { $time }: { $number }.
sooner-sustained = For { $time }: { $number }.
weeks-within = { $weeks ->
    [one] 1 week
   *[other] { $weeks } weeks
}
weeks-long = { $weeks ->
    [one] 1 week
   *[other] { $weeks } weeks
}
days-within = { $days ->
    [one] 1 day
   *[other] { $days } days
}
days-long = { $days ->
    [one] 1 day
   *[other] { $days } days
}
range = It could be from { $low } to { $high }.
sure-high = We are fairly sure of this number.
sure-medium = We are only partly sure of this number.
sure-low = We are not sure of this number.
average-number = The model gives everyone this same number. It can't tell people apart here, so there is no range.
no-range = This model gives no range, so we can't say how sure the number is.
range-meaning = The range (90% interval) shows how much a number would change if other people had been in the study. It does not tell what will happen to you.
edge-patient = You differ from most people in the study. So all numbers here are less sure than usual.

icons-title = { $number }, shown as 100 people
icons-range = { $low } people are filled in. { $between } are shaded: they are the range. { $empty } are empty.
icons-plain = { $people } people are filled in. { $empty } are empty.
legend-title = How to read the 100 people
legend-filled = Filled: it happens, even at the low end
legend-shaded = Shaded: the range. The stronger the colour, the more likely
legend-empty = Empty: not even at the high end
legend-filled-plain = Filled: it happens
legend-empty-plain = Empty: it does not happen

curve-title = When do symptoms come back?
curve-caption = Out of 100 people in remission, the line shows how many have had a relapse by each week.
curve-caption-band = The shaded band is the range.
curve-weeks = Weeks since remission
curve-people = People of 100
curve-summary = { $people } by week { $week }
curve-table = The curve as a table
column-week = Week
column-people = Relapse, of 100
column-range = Range

weighing-title = What speaks for and against
weighing-intro = In the study, these points went along with a better or a worse result. They are not the cause of it.
weighing-for = For remission
weighing-against = Against remission
weighing-for-relapse = For no relapse
weighing-against-relapse = Against it: for a relapse
weighing-nothing = Nothing that stands out.
weighing-average = Nothing: the model gives everyone the same number.
weighing-most = most of all: { $feature }
group-baseline-severity = how strong the symptoms were at the start
group-treatment-history = the treatments before this one
group-early-response = how things have gone since the first session
group-patient-context = facts about you, such as age or other illness
group-study-covariate = other facts that this study asked for

missing-patient = { $number ->
    [0] All facts that the model looks at were on record.
    [one] One fact that the model looks at was not on record. With it, the numbers could be others.
   *[other] { $number } facts that the model looks at were not on record. With them, the numbers could be others.
}

limits-title = What the numbers do not tell
limits-treat = <b>Should you start, go on with or stop a treatment, or have more sessions to stay well? This model can't say.</b> All people in the study had this treatment. So the numbers say what tends to follow. They do not say what the treatment does, or what would happen without it.
limits-person = The numbers are about groups of people. No one can tell what will happen to you. Talk about them together.

what-if-title = Another person's numbers
what-if-intro = Some answers are still open. Fill in one or more to see the numbers of <b>another person</b>, who differs from you only in these answers. This is <b>not the effect of a treatment</b> or of any change.
what-if-rating = Next rating ({ $scale })
what-if-range = { $low } to { $high }
what-if-range-unit = { $low } to { $high } { $unit }
what-if-open = not known
what-if-button = Show the other person's numbers
what-if-result = Another person's numbers
what-if-not-you = These are not your numbers. They are no effect of a treatment.
what-if-this-page = This page
what-if-other = Other person
what-if-number = Number
what-if-none = For a person with these answers the model gives no number.
what-if-empty = Fill in at least one answer.
what-if-failed = This did not work. Try again, or open the page again from the record.
what-if-refused = An answer does not fit its field. Correct it.
what-if-over = The time of this page is over. Open it again from the record.
what-if-many = This page has been asked often enough. Open it again from the record.
what-if-replaced = The model has been replaced since this page was made. Open it again from the record.
value-range = { $number } ({ $low } to { $high })

## Without a prediction

nothing-title = There is no number for you
nothing-intro = The model can't give a number here. This says nothing about how you will do.
nothing-landmark_not_reached = It is too early, or a session is not on record.
nothing-age_outside = The study had no people of your age.
nothing-died = The record says that the patient has died.
nothing-withdrew = The record says that the course was ended early.
nothing-ended_before = A relapse, or the end of the course, is already on record.
nothing-no_baseline = There is no rating of the symptoms from before the first session.
nothing-baseline_in_remission = There were hardly any symptoms at the start. The model is for people who had more.
nothing-no_dosing_session = There is no session on record.
nothing-already_decided = A rating after the course already shows how it ended.
nothing-window_over = The time in which the result is rated is over, and there is no rating.
nothing-not_learned = Too few people were in the study to give a number.
nothing-outside_training = You differ too much from the people in the study.
nothing-other = The model gives a reason that this page does not know.

## For the clinician

clinician-title = For the clinician
reason-title = Why there is no number
cautions-title = Cautions
cautions-intro = Facts in the record to weigh, whatever the numbers say.
cautions-none = None from what is recorded. That does not mean no risk: what was not recorded gives no caution.
source = Source
exact-title = Exact numbers
exact-caption = Times count from remission
exact-outcome = Outcome
exact-probability = Probability
exact-interval = 90% interval
exact-remission = Remission
exact-relapse = Relapse within { $time }
exact-sustained = Remission, no relapse for { $time }
percent = { $number }%
percent-range = { $low } to { $high }%
no-interval = none
contributions-title = Contributions
contributions-intro = In log-odds. They are associations in the development cohort, not causes.
contributions-remission = Remission
contributions-relapse = Relapse
contributions-more = more likely: { $features }
contributions-less = less likely: { $features }
contributions-average = no contributions: everyone gets the cohort's average risk
nothing-listed = none
contribution = { $feature } { $weight }
contribution-value = { $feature } ({ $value }) { $weight }
number-unit = { $number } { $unit }
decimal-mark = .
yes = yes
no = no
missing-title = Not recorded
missing-used = Used by the model: { $features }.
missing-other = { $number ->
    [0] {""}
    [one] 1 more feature was not recorded.
   *[other] { $number } more features were not recorded.
}
missing-none = All features were recorded.
unused-rows = { $number ->
    [0] {""}
    [one] 1 entry came after the moment of prediction and was not used.
   *[other] { $number } entries came after the moment of prediction and were not used.
}
like-title = Like the training patients?
like-inside = Yes. This is no guarantee: patients can differ in facts that were not recorded.
like-edge = At the edge. The numbers are less certain: { $why }.
like-outside = No: { $why }.
like-unknown = The model does not describe its training patients.
model-title = The model
model-fitted = Version { $version } ({ $digest }), prediction { $id }. { $heads }
model-head-remission = Remission: fitted on { $number } patients.
model-head-relapse = Relapse: fitted on { $number } patients.
model-synthetic = All of them are synthetic (made up).
model-for = It is for ketamine-assisted psychotherapy of an anxiety disorder in people of { $years } years or more, like those of its study. It is not for other treatments, and not for patients unlike those of the study. It supports your judgement and never replaces it. No treatment should begin, change or end because of these numbers alone.
model-notes = Notes

## Instead of a page

refused-over-title = This link has expired
refused-over-text = A link to this page works for a short time only, to protect your data. Open it again from the patient's record.
refused-unknown-title = This link does not work
refused-unknown-text = The link is not complete, or another service made it. Open the page from the patient's record.
refused-gone-title = This page is no longer there
refused-gone-text = Its data were deleted. Open the page again from the patient's record.
refused-busy-title = The page can't be shown now
refused-busy-text = The service can't read its data at the moment. Load the page again in a minute.

## Plain names of features whose name in the code is not plain

plain-baseline_severity_share = how strong the symptoms were at the start
plain-baseline_distance_to_remission = how far the symptoms were from remission at the start
plain-drop_needed = how much the symptoms have to drop
plain-second_scale_severity_share = the second rating scale at the start
plain-illness_duration_years = how long you have been ill
plain-mean_baseline_distance_to_remission = how far the symptoms were from remission at the start
plain-baseline_ratings = how often the symptoms were rated at the start
plain-prior_antidepressants_not_failed = earlier drugs against depression that did not fail
plain-prior_other_medications_not_failed = other earlier drugs that did not fail
plain-prior_psychotherapies_not_failed = earlier talking therapy that did not fail
plain-prior_stimulations_not_failed = earlier brain stimulation that did not fail
plain-prior_intensive_treatments_not_failed = earlier stays in hospital that did not fail
plain-adequate_failures = earlier treatments that did not help
plain-earlier_response = whether an earlier treatment helped
plain-benzodiazepine_running = a calming drug (benzodiazepine)
plain-benzodiazepine_mg = how much of a calming drug (benzodiazepine) you take
plain-change_points = how much better the symptoms are since the start
plain-change_share = how much better the symptoms are since the start
plain-change_reliable = how much better the symptoms are since the start
plain-distance_to_remission = how far the symptoms are from remission now
plain-distance_to_criterion = how far the symptoms are from remission now
plain-mean_distance_to_criterion = how far the symptoms have been from remission
plain-recent_distance_to_criterion = how far the symptoms are from remission since the last dose
plain-change_after_session_1 = how much better the symptoms were after session 1
plain-slope_per_week = how the symptoms change from week to week
plain-latest_severity_share = how strong the symptoms are now
plain-best_share = how mild the symptoms have been at best
plain-worst_share = how strong the symptoms have been at worst
plain-in_remission_band = hardly any symptoms at the last rating
plain-ratings_since_baseline = how often the symptoms were rated
plain-dose_relative_to_usual = the dose, next to the usual one
plain-parenteral_dose_shortfall = a small dose
plain-dose_of_route_limit = the dose, next to the highest one
plain-peak_dissociation = how far away from yourself you felt during a dose
plain-adverse_events = sessions with an unwanted event
plain-second_scale_severity_now = the second rating scale now
plain-age_years = your age
plain-sex_female = being a woman
plain-comorbid_depression = depression as well
plain-comorbid_ptsd = post-traumatic stress as well
plain-comorbid_substance_use = addiction as well
plain-comorbid_personality_disorder = a personality disorder as well
plain-family_history_alcohol = addiction to alcohol in the close family
plain-body_mass_index = your weight for your height (body mass index)
plain-childhood_trauma = hurt or neglect in childhood
plain-insomnia = bad sleep before session 1
plain-expectancy = how much help you hoped for before session 1
plain-working_alliance = how well you and your therapist worked together before session 1
