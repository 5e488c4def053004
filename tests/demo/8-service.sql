-- en: As-is: service cases by today's rating of the customer, by year of opening
-- zh: 按现状：按客户当前评级与受理年份的服务个案
with facts as (
  select coalesce(no_customer, rating_now, '@not_given') as rating, cast(strftime('%Y', opened_date) as integer) as year,
         reopened, minutes_to_close from service_case),
places as (
  select rating, year, minutes_to_close, row_number() over (partition by rating, year order by minutes_to_close) as place,
         count(*) over (partition by rating, year) as closed
  from facts where minutes_to_close is not null),
medians as (
  select rating, year, sum(minutes_to_close) || '/' || count(*) as median
  from places where place in ((closed + 1) / 2, (closed + 2) / 2) group by 1, 2)
select f.rating, f.year, count(*), sum(f.reopened), m.median as median__fraction
from facts f left join medians m on m.rating = f.rating and m.year = f.year
group by f.rating, f.year
